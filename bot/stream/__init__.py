"""What leaves the record for machines outside: every event to the operator's receiver.

It never decides anything.
"""
