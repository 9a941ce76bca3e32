"""Judge whether an opt-in or an extension can be asked for now, and what to say where not. Pure."""

from handlers.policy.rule import ALLOWED, STATE_WORDS, Reason, Verdict, refuse
from handlers.ports import Cloud
from handlers.suggested import Suggested
from storage.lifecycle import Kind, State
from storage.records import ChangeRequest, SettingValue


def still_fits(request: ChangeRequest, live: SettingValue) -> bool:
    """Tell whether the live value is still the request's starting value; else approval is stale."""
    return request.from_value in (None, live)


def no_legacy(cloud: Cloud) -> str:
    """Return why nobody can opt in in a cloud that offers no legacy TLS."""
    return (
        f"{cloud.display} has no legacy endpoints: legacy TLS is permanently off there, so opting in is "
        "not possible."
    )


def judge_opening(
    *, cloud: Cloud, newest: SettingValue | None, open_request: ChangeRequest | None
) -> Verdict:
    """Return what is refused before the form opens, judged by the newest observation alone."""
    if not cloud.offers_legacy:
        return refuse(Reason.NOT_PENDING, no_legacy(cloud))
    if open_request is not None:
        return refuse(Reason.NOT_PENDING, already_open(open_request))
    if newest is SettingValue.OPTED_IN:
        return refuse(Reason.VALUE, ALREADY_IN)
    return ALLOWED


def judge_extending(*, newest: SettingValue | None, open_request: ChangeRequest | None) -> Verdict:
    """Judge what is refused before the form of an extension opens, by the newest observation alone."""
    if open_request is not None:
        return refuse(Reason.NOT_PENDING, already_open(open_request))
    if newest is not None and newest is not SettingValue.OPTED_IN:
        return refuse(Reason.VALUE, NOT_IN)
    return ALLOWED


NOT_IN = (
    f"The tenant is not opted in, so there is nothing to extend. {Suggested('enable')} asks for an opt-in."
)

ALREADY_IN = (
    f"The tenant is opted in already, so there is nothing to ask for. {Suggested('extend')} asks to keep it "
    "longer, or to give it an end."
)


def already_open(request: ChangeRequest) -> str:
    """Return the sentence for a second request while one is open."""
    word = "extension" if request.kind is Kind.EXTENSION else "opt-in"
    state = STATE_WORDS[request.state]
    end = _ENDS.get(request.state, "Its outcome is announced; a new one can be asked for after that.")
    return f"There is already an open {word}: #{request.id} by @{request.requester_id}, {state}. {end}"


def no_later_end(request: ChangeRequest) -> str:
    """Say that a later end waits for an open extension; mentions nobody, as forms show no mention."""
    return (
        f"Extension #{request.id} is {STATE_WORDS[request.state]}. Until it is settled, only an earlier "
        "end can be chosen."
    )


_ENDS = {
    State.PENDING: "Approve, reject or withdraw it first: its message in the channel has the buttons.",
    State.APPROVED: "It has to be applied or withdrawn first: its message in the channel has the button.",
}
"""How an open request ends, so that another one can be asked for; once sent, it ends by itself."""
