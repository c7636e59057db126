"""Who can log in to PostgreSQL, who is connected there, and what they may write."""
