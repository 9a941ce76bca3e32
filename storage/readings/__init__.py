"""Readings of the live value, kept as runs, and what they say."""
