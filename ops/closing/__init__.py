"""Closing a release: the runbook's "Post-Deployment", and its two hours of watching, journaled."""
