"""Channel messages about what Exchange's audit log and the record do not say alike."""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from handlers.outgoing.news import AuditGap
from handlers.slack.views.mrkdwn import escape, instant, people


def words(said: AuditGap, zone: ZoneInfo) -> str:
    """Say what is not alike; ``zone`` is for dates where Slack shows the fallback."""
    return _audit_gap(said, zone) if said.times is None else _flapping(said)


def _audit_gap(said: AuditGap, zone: ZoneInfo) -> str:
    """A change that has no row in the audit log, or a row that belongs to no change."""
    at, why = instant(said.at, zone), escape(said.why.rstrip("."))
    if said.change is not None:
        return (
            f":rotating_light: #{said.change} of {at}: {why}. {_heed(said.operators)} `legacytls evidence` "
            "names it as missing."
        )
    who = f"`{escape(said.actor)}`" if said.actor else "somebody unknown"
    value = f"*{escape(said.value)}*" if said.value else "a value that is not told"
    return (
        f":rotating_light: Exchange's audit log has a change to {value} by {who} at {at} that the record "
        f"does not have: {why}. {_heed(said.operators)} Find out what it was for."
    )


def _flapping(said: AuditGap) -> str:
    """Somebody or something sets the value back again and again."""
    return (
        f":rotating_light: `{escape(said.actor)}` has set the value to *{escape(said.value)}* {said.times} "
        f"times within a month, past the bot: something else holds the setting, too. {_heed(said.operators)} "
        "Take the setting out of that tool (Microsoft365DSC and CIPP set what they are told to), or the "
        "bot's windows mean nothing."
    )


def _heed(operators: Iterable[str]) -> str:
    listed = list(operators)
    return f"{people(listed)}:" if listed else ""
