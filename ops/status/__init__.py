"""How a stack stands, on one screen: what is configured beside what lives, and what stands open."""
