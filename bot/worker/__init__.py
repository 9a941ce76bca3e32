"""What the bot does by itself: loops that ask what is due, under leases. Nothing here judges."""
