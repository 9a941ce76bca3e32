"""Refuse and answer payloads for another workspace before any listener sees them.

Which person acts is judged later, by ``handlers.policy.rule``; here it is only asked to whom Slack addressed
the payload.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from slack_bolt import BoltRequest, BoltResponse
from slack_bolt.middleware import Middleware

from handlers.policy.rule import Home

OTHER_WORKSPACE = "This bot serves another workspace, so nothing was done here."


class ForeignWorkspace(Exception):
    """A payload is for another installation."""


class WorkspaceGuard(Middleware):
    """Compares every workspace and organisation that a payload names with those that ``auth.test`` told.

    None named: refused.
    """

    def __init__(self, home: Home) -> None:
        self._home = home

    def process(
        self,
        *,
        req: BoltRequest,
        resp: BoltResponse,
        next: Callable[[], BoltResponse],  # noqa: A002 - Bolt's name
    ) -> BoltResponse:
        """Let the payload pass.

        Raises ``ForeignWorkspace``, which Bolt hands to whoever answers for failed listeners. What holds
        nothing at all is nobody's act, and refused as unreadable.
        """
        if not req.body:
            return BoltResponse(status=400)
        if not is_addressed_to(self._home, req.body):
            raise ForeignWorkspace
        return next()


def is_addressed_to(home: Home, body: Mapping[str, Any]) -> bool:
    """Tell whether all addresses in a payload name our workspace or organisation."""
    addresses = list(_addresses(body))
    return bool(addresses) and all(_ours(home, team, enterprise) for team, enterprise in addresses)


def _ours(home: Home, team: object, enterprise: object) -> bool:
    return (bool(home.team_id) and team == home.team_id) or (
        home.enterprise_id is not None and enterprise == home.enterprise_id
    )


def _addresses(body: Mapping[str, Any]) -> Iterator[tuple[object, object]]:
    """Commands name ``team_id``, interactions ``team``; events carry who they were authorised for.

    In a channel that is shared with another organisation an event's ``team_id`` may be theirs, so what it was
    authorised for counts alone (Bolt reads it so, too: slack_bolt/request/internals.py). Where a payload
    names nothing of this (Slack leaves ``team`` null for an app installed in an organisation), whatever else
    in it tells: the view's workspace, the event's context, or the workspace of whoever acted.
    """
    granted = body.get("authorizations")
    entries = [entry for entry in granted if isinstance(entry, Mapping)] if isinstance(granted, list) else []
    for entry in entries:
        yield entry.get("team_id"), entry.get("enterprise_id")
    if entries:
        return
    team, enterprise = _id(body.get("team")), _id(body.get("enterprise")) or body.get("enterprise_id")
    own = body.get("team_id") or team
    if own or enterprise:
        yield own, enterprise
    if body.get("team_id") and team and team != own:
        yield team, enterprise
    if not (own or enterprise):
        elsewhere = (
            body.get("context_team_id"),
            _field(body, "view", "team_id"),
            _field(body, "user", "team_id"),
        )
        yield next((found for found in elsewhere if found), None), body.get("context_enterprise_id")


def _field(body: Mapping[str, Any], part: str, key: str) -> object:
    found = body.get(part)
    return found.get(key) if isinstance(found, Mapping) else None


def _id(found: object) -> object:
    return found.get("id") if isinstance(found, Mapping) else found
