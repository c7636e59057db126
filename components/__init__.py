"""What Pulumi declares: one ComponentResource a file."""
