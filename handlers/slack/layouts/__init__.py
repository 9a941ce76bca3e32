"""Give examples of every layout that the bot can send, for whoever asks Slack to judge them."""
