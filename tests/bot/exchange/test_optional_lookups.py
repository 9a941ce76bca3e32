"""Whose row of the audit log it is: the bot's own ids come from the settings and from its token, and are
never an empty word."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from bot.exchange.optional_lookups import Change, OptionalLookups
from handlers.ports import Unavailable
from storage.records import SettingValue

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
APP, OBJECT = "6f1d0c7e-aaaa-4bbb-8ccc-000000000001", "6f1d0c7e-aaaa-4bbb-8ccc-000000000002"


class Recorded(OptionalLookups):
    """One row on record."""

    change: Change

    def recorded(self, since: datetime, until: datetime) -> tuple[Change, ...]:
        return (self.change,)


def own(client_id: str, said: Mapping[str, Any] | Unavailable, **changed: Any) -> bool | None:
    def claims() -> Mapping[str, Any]:
        if isinstance(said, Unavailable):
            raise said
        return said

    lookups = Recorded(SimpleNamespace(tokens=SimpleNamespace(claims=claims)), client_id=client_id)  # type: ignore[arg-type]
    empty: dict[str, Any] = {
        "user": "carol@contoso.com",
        "app_id": None,
        "object_id": None,
        "client_app_id": None,
    }
    lookups.change = Change(at=AT, value=SettingValue.OPTED_IN, succeeded=True, **empty | changed)
    return lookups.who_changed(AT, AT)[0].own


@pytest.mark.parametrize(
    "changed",
    [
        {"app_id": APP.upper()},
        {"client_app_id": APP},
        {"object_id": OBJECT},
        {"user": f"ServicePrincipal_{OBJECT}"},
    ],
)
def test_a_managed_identity_knows_its_own_rows_by_its_token(changed: dict[str, Any]) -> None:
    assert own("", {"appid": APP, "oid": OBJECT}, **changed) is True
    assert own("", {"appid": APP, "oid": OBJECT}) is False


def test_a_configured_client_id_serves_where_the_token_says_nothing() -> None:
    assert own(APP, Unavailable("No token."), app_id=APP) is True
    assert own(APP, {}, app_id="fb78d390-0c51-40cd-8e17-fdbfab77341b") is False


def test_without_any_id_it_cannot_be_told_and_an_empty_word_matches_nobody() -> None:
    assert own("", Unavailable("No token."), app_id="") is None
    assert own("", {"appid": ""}, user="carol@contoso.com") is None
