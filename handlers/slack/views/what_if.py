"""Draw ``/legacytls whatif``: who could decide now, who not and why, what is missing."""

from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from handlers.policy.rule import Reason
from handlers.queries.what_if import Foresight, WhatIf
from handlers.slack.views.blocks import Message, section, small
from handlers.slack.views.mrkdwn import fitted, instant, people, sentence
from handlers.suggested import Suggested

NONE_OPEN = "No request waits for a decision now."
NO_NUMBER = "This is no number of a request."
RECORDED_NOTHING = "Nobody was asked, and nothing was recorded or changed by this answer."

_LINES = 10
"""People a section, so that it stays below Slack's 3,000 characters."""


def name_one(number: int) -> str:
    """Return the sentence that asks for a number, with one as an example."""
    return f"Name one request: {Suggested(f'whatif {number}')}."


def what_if(found: WhatIf, zone: ZoneInfo) -> Message:
    """Return the answer first, then everybody by what their approval would do."""
    head = _head(found, zone)
    could = [one for one in found.people if one.counts]
    again = [one for one in found.people if one.verdict.allowed and not one.counts]
    unsure = [one for one in found.people if one.verdict.reason is Reason.NOT_CHECKED]
    not_now = [one for one in found.people if not one.verdict.allowed and one not in unsure]
    lists = [
        *_listed("Could decide now", (_could(one) for one in could)),
        *_listed(
            "Approved already",
            (f"<@{one.person}>{' (one more press would complete it)' * one.completes}" for one in again),
        ),
        *_listed("Could not, and would read", (_why(one) for one in not_now)),
        *_listed("Could not be checked", (_why(one) for one in unsure)),
    ]
    text = [section(part) for part in (head, *lists, _reality(found, zone), *_caveats(found)) if part]
    return Message(text=head, blocks=[*text, *small([RECORDED_NOTHING])])


def _head(found: WhatIf, zone: ZoneInfo) -> str:
    needs = (
        "needs no more approval"
        if not found.missing
        else f"needs {found.missing} more approval{'s' * (found.missing > 1)}"
    )
    so_far = f" {people(found.approved_by)} approved." if found.approved_by else ""
    until = f" It expires {instant(found.request.expires_at, zone)}." if found.request.expires_at else ""
    could = sum(one.counts for one in found.people)
    many = {0: "nobody", 1: "1 person"}.get(could, f"{could} people")
    return f"*#{found.request.id} {needs}; {many} could give one now.*{so_far}{until}"


def _listed(title: str, lines: Iterable[str]) -> Iterator[str]:
    told = [f"• {line}" for line in lines]
    for at in range(0, len(told), _LINES):
        yield f"*{title}:*\n" + "\n".join(told[at : at + _LINES])


def _could(one: Foresight) -> str:
    return f"<@{one.person}>: {'the last one needed' if one.completes else 'counts, others have to follow'}"


def _why(one: Foresight) -> str:
    return fitted(f"<@{one.person}>: {sentence(one.verdict.sentence)}", 280)


def _reality(found: WhatIf, zone: ZoneInfo) -> str:
    """Whether what would be approved still fits the live value."""
    if found.live is None or found.read_at is None:
        return (
            f":grey_question: The live value is unknown: {sentence(found.problem)} It is read again before "
            "anything is sent."
        )
    at = instant(found.read_at, zone)
    if found.stands:
        return (
            f"The live value, read {at}, is *{found.live.value}*, as when it was asked for: an approval "
            "still fits."
        )
    was = found.request.from_value.value if found.request.from_value else "unknown"
    return (
        f":warning: The live value, read {at}, is *{found.live.value}*, and was *{was}* when it was asked "
        "for: once approved it would be stale, and nothing would be sent. A new request is needed."
    )


def _caveats(found: WhatIf) -> Iterator[str]:
    if found.void:
        yield f":warning: The approval of {people(found.void)} on record does not count now."
    if found.held:
        yield f":warning: Once approved it would wait: {sentence(found.held)}"
    if not found.groups_known:
        yield (
            ":grey_question: A user group of approvers could not be looked up, so its members are missing "
            "here."
        )
    if found.left_out:
        yield f"{found.left_out} more approvers are not named here."
