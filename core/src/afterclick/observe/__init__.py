"""What operators see of a running service: log lines and metrics, without secrets and without people."""
