"""Watching colors that have traffic: what Prometheus says of them, judged, look after look."""
