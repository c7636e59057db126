"""Secrets changed while both colors serve: database password, JWT secret, keys of providers."""
