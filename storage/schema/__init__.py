"""The tables, what they mean, and the triggers that keep the record unaltered."""
