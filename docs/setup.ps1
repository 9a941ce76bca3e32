<#
.SYNOPSIS
Makes the Entra app, its certificate, and the trimmed Exchange role of the legacytls bot, and prints the lines for its .env.

.DESCRIPTION
May be run again: what is there is found and kept, what is missing is added. It asks before each step (-Confirm:$false does not);
-WhatIf shows what would be made and makes nothing. -Undo takes all of it away again.

Untried on a real tenant. The cmdlets are documented by Microsoft; their combination has been run by nobody yet.

Needs the modules Microsoft.Graph.Applications and ExchangeOnlineManagement, and somebody who may register applications, grant
admin consent and manage Exchange roles (Global Administrator, or Privileged Role Administrator with Exchange Administrator).

.PARAMETER Organization
The tenant's initial domain, say contoso.onmicrosoft.com.

.PARAMETER CertificatePath
The public certificate (.crt) that the app is to sign in with; docs/install.md has the line that makes it.

.PARAMETER Cloud
EXCHANGE_CLOUD of the settings.

.PARAMETER Optional
Also the roles for reading: which lock blocks a mailbox, the tenant's domains, who changed the setting outside the bot.

.PARAMETER Undo
Removes the role group, the roles, Exchange's service principal and the app.

.EXAMPLE
./setup.ps1 -Organization contoso.onmicrosoft.com -CertificatePath ./legacytls.crt -Optional -WhatIf
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
param(
    [Parameter(Mandatory)] [string] $Organization,
    [string] $CertificatePath,
    [ValidateSet('worldwide', 'gcc', 'gcc-high', 'dod', '21vianet')] [string] $Cloud = 'worldwide',
    [string] $Name = 'legacytls',
    [switch] $Optional,
    [switch] $Undo
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# Office 365 Exchange Online and its application permission Exchange.ManageAsApp, the same in every tenant.
$ExchangeAppId = '00000002-0000-0ff1-ce00-000000000000'
$ManageAsApp = 'dc50a0fb-09a3-484d-be87-e023b12c6440'

$RoleGroup = 'LegacyTLS Bot'
$Setting = 'LegacyTLS Toggle'
$Parameters = 'AllowLegacyTLSClients', 'Confirm', 'WhatIf', 'ErrorAction', 'WarningAction'
$Reading = @{
    'LegacyTLS Reading'   = @{ Parent = 'View-Only Configuration'; Cmdlets = @('Get-AcceptedDomain') }
    'LegacyTLS Mailboxes' = @{ Parent = 'View-Only Recipients'; Cmdlets = @('Get-CASMailbox', 'Get-User') }
    'LegacyTLS Authors'   = @{ Parent = 'View-Only Audit Logs'; Cmdlets = @('Search-UnifiedAuditLog', 'Get-AdminAuditLogConfig') }
}
$Environments = @{
    'worldwide' = @{ Graph = 'Global'; Exchange = 'O365Default' }
    'gcc'       = @{ Graph = 'Global'; Exchange = 'O365Default' }
    'gcc-high'  = @{ Graph = 'USGov'; Exchange = 'O365USGovGCCHigh' }
    'dod'       = @{ Graph = 'USGovDoD'; Exchange = 'O365USGovDoD' }
    '21vianet'  = @{ Graph = 'China'; Exchange = 'O365China' }
}

function Connect-Tenant {
    $place = $Environments[$Cloud]
    Connect-MgGraph -TenantId $Organization -Environment $place.Graph -NoWelcome `
        -Scopes 'Application.ReadWrite.All', 'AppRoleAssignment.ReadWrite.All'
    Connect-ExchangeOnline -Organization $Organization -ExchangeEnvironmentName $place.Exchange -ShowBanner:$false
}

function Get-App {
    $found = @(Get-MgApplication -Filter "displayName eq '$Name'")
    if ($found.Count -gt 1) { throw "There are $($found.Count) apps called $Name. Rename or remove all but one." }
    $found | Select-Object -First 1
}

function Get-EnterpriseApp([string] $AppId) {
    Get-MgServicePrincipal -Filter "appId eq '$AppId'" | Select-Object -First 1
}

function New-App {
    $permission = @{ Id = $ManageAsApp; Type = 'Role' }
    $access = @(@{ ResourceAppId = $ExchangeAppId; ResourceAccess = @($permission) })
    New-MgApplication -DisplayName $Name -SignInAudience 'AzureADMyOrg' -RequiredResourceAccess $access
}

function Add-Certificate($App) {
    if (-not $CertificatePath) {
        Write-Warning 'No -CertificatePath: the app gets no credential from this script.'
        return
    }
    $file = (Resolve-Path $CertificatePath).Path
    $certificate = [System.Security.Cryptography.X509Certificates.X509Certificate2]::new($file)
    if ($certificate.HasPrivateKey) { throw "$CertificatePath holds a private key. Give the public certificate (.crt) alone." }
    $thumbprint = $certificate.GetCertHash()
    $kept = @($App.KeyCredentials | Where-Object { $_ })
    if ($kept | Where-Object { -not (Compare-Object $_.CustomKeyIdentifier $thumbprint) }) { return }
    if ($PSCmdlet.ShouldProcess($Name, "add the certificate $($certificate.Thumbprint)")) {
        $new = @{ Type = 'AsymmetricX509Cert'; Usage = 'Verify'; Key = $certificate.RawData; DisplayName = $certificate.Subject }
        Update-MgApplication -ApplicationId $App.Id -KeyCredentials ($kept + $new)
    }
}

function Grant-Permission($EnterpriseApp) {
    $exchange = Get-EnterpriseApp $ExchangeAppId
    $granted = Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $EnterpriseApp.Id -All |
        Where-Object { $_.AppRoleId -eq $ManageAsApp -and $_.ResourceId -eq $exchange.Id }
    if (-not $granted -and $PSCmdlet.ShouldProcess($Name, 'grant Exchange.ManageAsApp (admin consent)')) {
        $null = New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $EnterpriseApp.Id `
            -PrincipalId $EnterpriseApp.Id -ResourceId $exchange.Id -AppRoleId $ManageAsApp
    }
}

function Test-Exists([scriptblock] $Get) {
    [bool](& $Get)
}

function Add-SettingRole {
    if (-not (Test-Exists { Get-ManagementRole -Identity $Setting -ErrorAction SilentlyContinue })) {
        if (-not $PSCmdlet.ShouldProcess($Setting, 'make the role, trimmed to one parameter')) { return }
        New-ManagementRole -Name $Setting -Parent 'Organization Transport Settings' `
            -EnabledCmdlets 'Get-TransportConfig', 'Set-TransportConfig' | Out-Null
    }
    if ($PSCmdlet.ShouldProcess("$Setting\Set-TransportConfig", "allow only $($Parameters -join ', ')")) {
        Set-ManagementRoleEntry "$Setting\Set-TransportConfig" -Parameters $Parameters
    }
}

function Add-RoleGroup($EnterpriseApp) {
    if (-not (Test-Exists { Get-ServicePrincipal -Identity $EnterpriseApp.Id -ErrorAction SilentlyContinue })) {
        if ($PSCmdlet.ShouldProcess($Name, "make Exchange's service principal")) {
            New-ServicePrincipal -AppId $EnterpriseApp.AppId -ObjectId $EnterpriseApp.Id -DisplayName $Name | Out-Null
        }
    }
    if (-not (Test-Exists { Get-RoleGroup -Identity $RoleGroup -ErrorAction SilentlyContinue })) {
        if (-not $PSCmdlet.ShouldProcess($RoleGroup, 'make the role group')) { return }
        New-RoleGroup -Name $RoleGroup -Roles $Setting | Out-Null
    }
    $members = @(Get-RoleGroupMember -Identity $RoleGroup | ForEach-Object { $_.ExternalDirectoryObjectId; $_.Name })
    if ($EnterpriseApp.Id -notin $members -and $PSCmdlet.ShouldProcess($RoleGroup, "add $Name")) {
        Add-RoleGroupMember -Identity $RoleGroup -Member $EnterpriseApp.Id -Confirm:$false
    }
}

function Add-ReadingRoles {
    foreach ($role in $Reading.Keys) {
        $made = Test-Exists { Get-ManagementRole -Identity $role -ErrorAction SilentlyContinue }
        if (-not $made -and $PSCmdlet.ShouldProcess($role, "make the role for $($Reading[$role].Cmdlets -join ', ')")) {
            New-ManagementRole -Name $role -Parent $Reading[$role].Parent -EnabledCmdlets $Reading[$role].Cmdlets | Out-Null
        }
        $assigned = Get-ManagementRoleAssignment -Role $role -RoleAssignee $RoleGroup -ErrorAction SilentlyContinue
        if (-not $assigned -and $PSCmdlet.ShouldProcess($RoleGroup, "assign $role")) {
            New-ManagementRoleAssignment -SecurityGroup $RoleGroup -Role $role | Out-Null
        }
    }
}

function Remove-Everything {
    if ((Test-Exists { Get-RoleGroup -Identity $RoleGroup -ErrorAction SilentlyContinue }) -and
        $PSCmdlet.ShouldProcess($RoleGroup, 'remove the role group')) {
        Remove-RoleGroup -Identity $RoleGroup -Confirm:$false
    }
    foreach ($role in @($Setting) + @($Reading.Keys)) {
        if ((Test-Exists { Get-ManagementRole -Identity $role -ErrorAction SilentlyContinue }) -and
            $PSCmdlet.ShouldProcess($role, 'remove the role')) {
            Remove-ManagementRole -Identity $role -Confirm:$false
        }
    }
    $app = Get-App
    if (-not $app) { return }
    $enterpriseApp = Get-EnterpriseApp $app.AppId
    if ($enterpriseApp -and
        (Test-Exists { Get-ServicePrincipal -Identity $enterpriseApp.Id -ErrorAction SilentlyContinue }) -and
        $PSCmdlet.ShouldProcess($Name, "remove Exchange's service principal")) {
        Remove-ServicePrincipal -Identity $enterpriseApp.Id -Confirm:$false
    }
    if ($PSCmdlet.ShouldProcess($Name, 'remove the app registration, and with it the enterprise app')) {
        Remove-MgApplication -ApplicationId $app.Id
    }
}

function Write-Settings($App) {
    $tenant = (Get-MgContext).TenantId
    @(
        "AZURE_TENANT_ID=$tenant"
        "AZURE_CLIENT_ID=$($App.AppId)"
        'AZURE_CLIENT_CERTIFICATE_PATH=legacytls.pem'
        "EXCHANGE_CLOUD=$Cloud"
        "EXCHANGE_ORGANIZATION=$Organization"
    )
}

Connect-Tenant
if ($Undo) {
    Remove-Everything
    return
}
$app = Get-App
if (-not $app) {
    if (-not $PSCmdlet.ShouldProcess($Name, 'register the app with Exchange.ManageAsApp')) {
        Write-Warning 'Without the app nothing else can be shown. Run it without -WhatIf, or register the app first.'
        return
    }
    $app = New-App
}
Add-Certificate $app
$enterpriseApp = Get-EnterpriseApp $app.AppId
if (-not $enterpriseApp) {
    if (-not $PSCmdlet.ShouldProcess($Name, 'make the enterprise app')) { return }
    $enterpriseApp = New-MgServicePrincipal -AppId $app.AppId
}
Grant-Permission $enterpriseApp
Add-SettingRole
Add-RoleGroup $enterpriseApp
if ($Optional) { Add-ReadingRoles }
Write-Settings $app
