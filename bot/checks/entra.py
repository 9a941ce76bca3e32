"""What the token's own claims say of tenant and permission, and what a refused reading means beside them.

Pure. A token that cannot be decoded says nothing: Exchange is asked all the same, and its answer decides.
"""

from collections.abc import Iterator, Mapping

from bot.checks.verdict import Verdict, failed, passed, warned
from bot.exchange.outcomes import Meaning
from handlers.ports import Unavailable

PERMISSION = "Exchange.ManageAsApp"
_BELOW = "Get-TransportConfig, below, shows whether it serves."


def token_verdicts(asked: str, claims: Mapping[str, object]) -> Iterator[Verdict]:
    """Check tenant and permission of a token for the tenant ``asked``; ``claims`` may be empty."""
    if not claims:
        yield warned(
            "Entra tenant", "the token cannot be decoded, so its tenant and permission are not known", _BELOW
        )
        return
    yield _tenant(asked, str(claims.get("tid") or ""))
    yield _permission(claims)


def mend_of_reading(refused: Unavailable, claims: Mapping[str, object]) -> str:
    """Return the next step after a refused ``Get-TransportConfig``.

    A token without the permission is answered 401; one with it, but without a role, 403 (measured by a public
    client).
    """
    if refused.code not in {Meaning.UNAUTHORIZED, Meaning.FORBIDDEN}:
        return (
            refused.mend
            or "Run the check again; if this lasts, look at the Microsoft 365 service health page."
        )
    if not claims:
        return refused.mend
    if not _permitted(claims):
        return f"Grant {PERMISSION} first, as said above."
    if refused.code == Meaning.UNAUTHORIZED:
        return (
            f"The token carries {PERMISSION}, so it is not the permission: check that AZURE_TENANT_ID, "
            "EXCHANGE_CLOUD and EXCHANGE_API_URL belong together, and this machine's clock."
        )
    return (
        f"The token carries {PERMISSION}, so it is the role that is missing: put the enterprise app into a "
        "role group with a role that includes Get-TransportConfig (docs/install.md, step 3). It takes from "
        "minutes to hours to arrive."
    )


def _tenant(asked: str, issued: str) -> Verdict:
    if not issued:
        return warned("Entra tenant", "the token does not name its tenant", _BELOW)
    if "." not in asked and issued.lower() != asked.lower():
        return failed("Entra tenant", "the token is for another tenant", "Check AZURE_TENANT_ID.")
    return passed("Entra tenant", issued)


def _permission(claims: Mapping[str, object]) -> Verdict:
    if _permitted(claims):
        return passed("Entra app role", PERMISSION)
    mend = (
        f"Grant the application permission {PERMISSION} (Office 365 Exchange Online) with admin consent; its "
        "look-alikes do not serve."
    )
    return failed("Entra app role", f"the token does not carry {PERMISSION}", mend)


def _permitted(claims: Mapping[str, object]) -> bool:
    roles = claims.get("roles")
    return isinstance(roles, list) and PERMISSION in roles
