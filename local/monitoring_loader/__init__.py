"""Loads rules, routes and targets out of the cluster, as the Prometheus operator would.

ConfigMaps and Secrets with the label `legal-ai-system.com/monitoring`, of any namespace, and the
pods that run become files of this machine's Prometheus and Alertmanager.
"""
