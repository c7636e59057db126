"""The types of resource that the stand-in does, a module a service."""
