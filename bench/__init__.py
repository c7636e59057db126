"""Measurements, and the load that they and the end-to-end tests send."""
