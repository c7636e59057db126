"""The runbook's complete rollback of a release: traffic, version, then schema or data if asked."""
