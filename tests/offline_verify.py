"""Checks an exported audit record with nothing but Python: ``python offline_verify.py < export.jsonl``."""

import hashlib
import json
import sys

seq, head = None, "0" * 64
for line in sys.stdin:
    event = json.loads(line)
    claimed = event.pop("hash")
    text = json.dumps(event, sort_keys=True, separators=(",", ":"))
    follows = seq is None or (event["seq"] == seq + 1 and event["prev"] == head)
    genuine_first = event["seq"] > 1 or event["prev"] == "0" * 64
    if not (follows and genuine_first and hashlib.sha256(text.encode()).hexdigest() == claimed):
        sys.exit(f"event {event['seq']} was altered, or does not follow event {seq}")
    seq, head = event["seq"], claimed
print(f"sound up to event {seq}, head {head}: compare it with the head seen in Slack")
