"""The runbook's steps as commands: arguments, one call into `ops`, output, exit code."""
