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
    as_written = line.strip() == json.dumps(event | {"hash": claimed}, sort_keys=True, separators=(",", ":"))
    if not (
        follows and genuine_first and as_written and hashlib.sha256(text.encode()).hexdigest() == claimed
    ):
        sys.exit(f"event {event['seq']} was altered" + (f", or does not follow event {seq}" if seq else ""))
    seq, head = event["seq"], claimed
if seq is None:
    sys.exit("nothing to check: the export is empty")
print(f"sound up to event {seq}, head {seq}:{head}: compare it with the head seen in Slack")
