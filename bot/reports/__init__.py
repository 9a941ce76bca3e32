"""What the command line prints: status, history, names, the record. Nothing here is sent to Slack."""
