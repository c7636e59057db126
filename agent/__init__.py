"""The rollback agent: takes Alertmanager's webhooks, and moves traffic off a color that fails."""
