"""Act on what Slack's listeners take, once acknowledged: parse, ask dispatch, answer."""
