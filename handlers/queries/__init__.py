"""Answer people who only want to know. Must never record, move or send anything."""
