"""An incident: declared, told of, looked at from all sides, ended."""
