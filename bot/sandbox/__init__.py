"""The sandbox: a simulated Slack workspace and Exchange Online tenant on loopback, with the real bot between them."""
