"""Draw a change made outside the bot: the most conspicuous message while opted in by it."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from slack_sdk.models.blocks import Block, ButtonElement

from handlers.outgoing.request_view import RequestView
from handlers.slack.views.blocks import actions, section, small
from handlers.slack.views.mrkdwn import brief, fitted, instant, people, sentence
from handlers.suggested import Suggested
from storage.records import SettingValue

_IF_OPTED_IN = (
    "*Opt out again* needs one person. *Adopt* asks a second person to let it stand, with an end date."
)
_IF_NOT_OPTED_IN = f"If old TLS is still needed, {Suggested('enable')} asks for it."
_CHANGED_SINCE = (
    f"Another change came after it, so there is nothing to do here; {Suggested('status')} shows how things "
    "stand."
)
_NOT_KNOWN_YET = "Who it was is not known yet: the audit log is asked for a day."

NOTE = 300
"""Characters of what is known of it, the longest words aside."""


def outside(view: RequestView, zone: ZoneInfo, ways: Sequence[ButtonElement]) -> list[Block]:
    """Return who, since when, who is called, and what can be done about it."""
    request, by = view.request, view.reason_by
    who = f"<@{by}> says: it was me." if by else "Nobody asked the bot for it."
    unknown = _NOT_KNOWN_YET if request.retry_at and not by else ""
    noticed = f"*{who}* Noticed {instant(request.created_at, zone)}. {unknown}".strip()
    calls = is_loud(view) and not by and view.escalate_to
    return [
        section(brief(fitted(sentence(request.detail), NOTE), NOTE // 6)),
        section(noticed),
        *([section(f"{people(view.escalate_to)}: please see to it.")] if calls else []),
        *([actions(*ways)] if ways else []),
        *small([_advice(view)]),
    ]


def is_loud(view: RequestView) -> bool:
    """Tell whether the tenant is opted in by a change that nobody approved, and nothing was done."""
    return view.request.to_value is SettingValue.OPTED_IN and _still_stands(view)


def _advice(view: RequestView) -> str:
    """What can be done about a change made outside, or what was."""
    if view.adoption:
        return f"Adopted by #{view.adoption}, which gave it an end."
    if not _still_stands(view):
        return _CHANGED_SINCE
    return _IF_OPTED_IN if view.request.to_value is SettingValue.OPTED_IN else _IF_NOT_OPTED_IN


def _still_stands(view: RequestView) -> bool:
    """Tell whether a change made outside still holds: nothing was made or noticed since."""
    return view.baseline is not None and view.baseline.request_id == view.request.id
