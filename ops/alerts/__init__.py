"""What is watched: recorded series, alert rules and Alertmanager's configuration, all pure."""
