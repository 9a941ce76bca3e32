"""Call Slack's Web API, and post to addresses that Slack named: judged, limited, never redirected."""
