"""How answers and pages look in Slack: values in, blocks out. Must never read, judge or send anything."""
