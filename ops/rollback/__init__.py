"""Traffic taken from a failing color, past Pulumi, journaled and resumable (docs/rollback.md)."""
