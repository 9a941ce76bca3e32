"""Simulate a Slack workspace and an Exchange Online tenant on loopback, with the real bot between."""
