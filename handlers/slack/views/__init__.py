"""Draw answers and pages in Slack: values in, blocks out. Must never read, judge or send anything."""
