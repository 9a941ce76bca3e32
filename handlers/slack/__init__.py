"""Talk with Slack: the only place in this room that knows Block Kit and Slack's payloads."""
