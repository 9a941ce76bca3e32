"""Change requests: do what a person's act, or time, does to one. Must never show anything to anybody."""
