"""Settings that mean nothing without another one."""

from collections.abc import Iterator

from bot.settings.model import NAMES, Settings

_TOGETHER = (
    ("AZURE_CLIENT_CERTIFICATE_PASSWORD", "AZURE_CLIENT_CERTIFICATE_PATH", "password"),
    ("AZURE_CLIENT_SECRET_EXPIRES", "AZURE_CLIENT_SECRET", "day"),
    ("LEGACYTLS_CALENDAR_TOKEN", "LEGACYTLS_HEALTH_PORT", "token"),
)
"""A setting, the one that it needs, and what it holds."""


def alone(draft: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
    """Name each setting that is set without the one it needs, and say what to do."""
    for name, needed, what in _TOGETHER:
        if getattr(draft, NAMES[name]) and getattr(draft, NAMES[needed]) is None:
            yield (name, needed), f"is set without {needed}; set that, or remove the {what}"
