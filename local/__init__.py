"""The embedded default: everything the system needs, built and run on this machine."""
