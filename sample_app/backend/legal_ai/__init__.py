"""A small Legal AI System: the real one's HTTP interface, with PostgreSQL and Redis behind it."""
