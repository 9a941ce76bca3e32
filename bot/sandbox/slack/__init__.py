"""The simulated Slack: a workspace behind Slack's Web API, Socket Mode and response_urls.

It knows no console.
"""
