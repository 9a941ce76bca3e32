"""What operators see of the process: logs without secrets, metrics, health."""
