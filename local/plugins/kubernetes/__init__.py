"""The Kubernetes provider stand-in, in parts; `local/plugins/kubernetes_provider.py` starts it."""
