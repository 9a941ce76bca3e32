"""Calls to Slack's Web API and posts to the addresses that Slack named: judged, limited, never redirected."""
