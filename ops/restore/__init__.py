"""Going back to a backup or a moment without losing a write silently. See docs/restore.md."""
