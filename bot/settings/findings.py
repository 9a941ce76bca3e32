"""What is found wrong between settings."""

from typing import TypeAlias

Finding: TypeAlias = tuple[tuple[str, ...], str]
"""The settings that take part, the one to mend first, and the sentence for it (or several, a line each)."""
