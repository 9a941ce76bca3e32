"""Slack's payloads in, acknowledgements out: Socket Mode and HTTP.

Nothing here knows what a payload means.
"""
