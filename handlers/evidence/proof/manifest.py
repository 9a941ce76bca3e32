"""Spell a pack's manifest, and tell whether it is one: what it says is judged by whoever checks the pack."""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from typing import Any

from handlers.evidence.proof.tables import Span
from handlers.evidence.proof.text_files import TOLD_BESIDE

MANIFEST, EVENTS, PROGRAM = "manifest.json", "events.jsonl", "verify.py"
MANIFEST_KEYS = {"tenant", "from", "to", "head", "proven", "missing", "files", "lines"}


def is_manifest(said: dict[str, Any]) -> bool:
    """Tell whether these are the names and types of a manifest. Raises what ``span_of`` does."""
    span, beside = span_of(said), sorted(name for name in TOLD_BESIDE if name in said["files"])
    return (
        set(said) == MANIFEST_KEYS
        and isinstance(said["missing"], list)
        and span.first[:10] == said["from"] <= said["to"] < span.end[:10]
        and all(isinstance(text, str) for text in (said["tenant"], said["head"], *said["missing"]))
        and all(isinstance(digest, str) for digest in said["files"].values())
        and PROGRAM in said["files"]
        and sorted(said["lines"]) == beside
        and all(isinstance(kept, list) for kept in said["lines"].values())
    )


def span_of(manifest: dict[str, Any]) -> Span:
    """Return the period of a manifest. Raises ``ValueError``, ``KeyError`` or ``TypeError``."""
    return Span(
        date.fromisoformat(manifest["from"]).isoformat(),
        (date.fromisoformat(manifest["to"]) + timedelta(days=1)).isoformat(),
    )


def manifest_text(manifest: dict[str, Any]) -> str:
    """Return the text of a manifest."""
    return json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=True) + "\n"


def line_hash(line: str) -> str:
    """Return the hash of one line in the manifest: its first sixteen digits."""
    return hashlib.sha256(line.encode("utf-8", "surrogateescape")).hexdigest()[:16]
