"""The changes themselves: what a person's act does to a request. Must never show anything to anybody."""
