"""What a token says of itself: tenant and permission, nothing when it cannot be decoded, and the mend of a
refused reading."""

import pytest

from bot.checks.microsoft import mend_of_reading, token_verdicts
from bot.checks.verdict import Outcome
from bot.exchange.outcomes import Meaning
from handlers.ports import Unavailable

TENANT = "11111111-2222-3333-4444-555555555555"
UNAUTHORIZED, FORBIDDEN = Meaning.UNAUTHORIZED.value, Meaning.FORBIDDEN.value
GOOD: dict[str, object] = {"tid": TENANT, "roles": ["Exchange.ManageAsApp"]}


def _found(asked: str, claims: dict[str, object]) -> list[tuple[str, Outcome]]:
    return [(verdict.check, verdict.outcome) for verdict in token_verdicts(asked, claims)]


@pytest.mark.parametrize(
    ("asked", "claims", "tenant"),
    [
        (TENANT, GOOD, Outcome.PASSED),
        (TENANT.upper(), GOOD, Outcome.PASSED),
        ("contoso.onmicrosoft.com", GOOD, Outcome.PASSED),
        (TENANT, {**GOOD, "tid": "99999999-2222-3333-4444-555555555555"}, Outcome.FAILED),
        (TENANT, {**GOOD, "tid": None}, Outcome.WARNED),
    ],
)
def test_only_a_token_that_names_another_tenant_is_for_another_one(
    asked: str, claims: dict[str, object], tenant: Outcome
) -> None:
    assert _found(asked, claims) == [("Entra tenant", tenant), ("Entra app role", Outcome.PASSED)]


def test_a_token_that_cannot_be_decoded_is_no_mistake_of_anybody() -> None:
    (verdict,) = token_verdicts(TENANT, {})
    assert verdict.outcome is Outcome.WARNED
    assert "cannot be decoded" in verdict.finding


@pytest.mark.parametrize("roles", [None, [], "Exchange.ManageAsApp", ["Exchange.ManageAsAppV2"]])
def test_a_look_alike_is_not_the_permission(roles: object) -> None:
    assert ("Entra app role", Outcome.FAILED) in _found(TENANT, {**GOOD, "roles": roles})


@pytest.mark.parametrize(
    ("code", "mend", "claims", "next_step"),
    [
        (UNAUTHORIZED, "Mend it.", {**GOOD, "roles": []}, "Grant Exchange.ManageAsApp first"),
        (FORBIDDEN, "Mend it.", {**GOOD, "roles": []}, "Grant Exchange.ManageAsApp first"),
        (UNAUTHORIZED, "Mend it.", GOOD, "so it is not the permission: check that AZURE_TENANT_ID"),
        (FORBIDDEN, "Mend it.", GOOD, "so it is the role that is missing"),
        (UNAUTHORIZED, "Mend it.", {}, "Mend it."),
        (FORBIDDEN, "Mend it.", {}, "Mend it."),
        ("", "Check the network.", GOOD, "Check the network."),
        ("", "", GOOD, "Run the check again"),
    ],
)
def test_a_refused_reading_is_mended_where_the_trouble_is(
    code: str, mend: str, claims: dict[str, object], next_step: str
) -> None:
    found = mend_of_reading(Unavailable("No.", mend=mend, retryable=False, code=code), claims)
    assert next_step in found
    assert "Entra role" not in found
    assert "Exchange Administrator" not in found
