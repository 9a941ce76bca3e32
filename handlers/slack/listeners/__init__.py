"""What Slack's listeners do with one kind of act once it is acknowledged: parse, ask dispatch, answer the person."""
