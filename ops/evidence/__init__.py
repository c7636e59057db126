"""What there is to know of an incident, kept in a folder before it is gone."""
