"""Tell Microsoft's dates and what they mean today. Pure: no clock, no network; the day is an argument."""
