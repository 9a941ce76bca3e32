"""``legacytls onboard ALIAS``: what a tenant's administrator does so that the bot's app may work there.

The same steps as in ``docs/setup.ps1``, for an app that is registered in another tenant: it is consented to,
not made. Nothing is sent, and no secret is printed.
"""

import sys
from typing import TYPE_CHECKING

from bot.exchange.clouds import CLOUDS
from bot.failure_messages import WRONG_SETTINGS

if TYPE_CHECKING:
    from bot.settings.tenants import TenantSettings

GRAPH = {"gcc-high": "USGov", "dod": "USGovDoD", "21vianet": "China"}
"""What Connect-MgGraph calls a cloud that is not its default (docs/setup.ps1 has the same)."""

ROLE, PARENT, GROUP = "LegacyTLS Toggle", "Organization Transport Settings", "LegacyTLS Bot"
CMDLETS = "Get-TransportConfig, Set-TransportConfig"
PARAMETERS = "AllowLegacyTLSClients, Confirm, WhatIf, ErrorAction, WarningAction"

NO_APP = (
    "legacytls: no app is named for this tenant: set client_id in its entry or in defaults, or "
    "AZURE_CLIENT_ID.\n"
)


def onboard(one: "TenantSettings") -> int:
    """Print what is to be done in one tenant, with its ids filled in; returns the exit code."""
    if one.settings.azure_client_id is None:
        sys.stderr.write(NO_APP)
        return WRONG_SETTINGS
    sys.stdout.write("\n".join([*_steps(one, one.settings.azure_client_id), ""]))
    return 0


def _steps(one: "TenantSettings", client_id: str) -> list[str]:
    settings, cloud = one.settings, one.settings.exchange_cloud
    authority = settings.azure_authority_host or CLOUDS[cloud].authority
    graph = f" -Environment {GRAPH[cloud]}" if cloud in GRAPH else ""
    named = CLOUDS[cloud].cloud.powershell
    exchange = f" -ExchangeEnvironmentName {named}" if named else ""
    return [
        f"Tenant {one.alias} ({settings.exchange_organization}, {one.tenant_id})",
        "",
        "1. A Global Administrator of that tenant opens this address and consents:",
        f"   {authority}/{one.tenant_id}/adminconsent?client_id={client_id}",
        "",
        "2. In PowerShell, with Microsoft.Graph.Applications and ExchangeOnlineManagement:",
        f"   Connect-MgGraph -TenantId {one.tenant_id}{graph} -Scopes Application.Read.All -NoWelcome",
        (
            f"   Connect-ExchangeOnline -Organization {settings.exchange_organization}{exchange} "
            "-ShowBanner:$false"
        ),
        f"   $app = Get-MgServicePrincipal -Filter \"appId eq '{client_id}'\"",
        f"   New-ServicePrincipal -AppId {client_id} -ObjectId $app.Id -DisplayName legacytls",
        f"   New-ManagementRole -Name '{ROLE}' -Parent '{PARENT}' -EnabledCmdlets {CMDLETS}",
        f"   Set-ManagementRoleEntry '{ROLE}\\Set-TransportConfig' -Parameters {PARAMETERS}",
        f"   New-RoleGroup -Name '{GROUP}' -Roles '{ROLE}'",
        f"   Add-RoleGroupMember -Identity '{GROUP}' -Member $app.Id -Confirm:$false",
        "",
        f"3. Then: legacytls check --tenant {one.alias}",
    ]
