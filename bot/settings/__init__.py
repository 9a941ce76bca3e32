"""The settings: read from the environment once, checked whole, then frozen.

Nothing else reads the environment.
"""
