"""Describe what ``Get-TransportConfig`` says here, and what of it ``Set-TransportConfig`` may change.

Key order and values are those of public exports of real tenants. The object is data: state and judgement live
elsewhere.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from bot.sandbox.microsoft.odata import Row, UInt32, annotated

ORGANIZATION = "contoso.onmicrosoft.com"
FOREST = "NAMPR09A006.PROD.OUTLOOK.COM"
FIRST_CHANGED = datetime(2026, 5, 4, 7, 39, 21, tzinfo=UTC)

SETTABLE = frozenset(
    {
        "AddressBookPolicyRoutingEnabled",
        "AllowLegacyTLSClients",
        "ClearCategories",
        "ConvertDisclaimerWrapperToEml",
        "DSNConversionMode",
        "ExternalDelayDsnEnabled",
        "ExternalDsnDefaultLanguage",
        "ExternalDsnLanguageDetectionEnabled",
        "ExternalDsnReportingAuthority",
        "ExternalDsnSendHtml",
        "ExternalPostmasterAddress",
        "Force",
        "HeaderPromotionModeSetting",
        "InternalDelayDsnEnabled",
        "InternalDsnDefaultLanguage",
        "InternalDsnLanguageDetectionEnabled",
        "InternalDsnReportingAuthority",
        "InternalDsnSendHtml",
        "JournalingReportNdrTo",
        "JournalMessageExpirationDays",
        "MaxRecipientEnvelopeLimit",
        "MessageExpiration",
        "PreventDuplicateJournalingEnabled",
        "ReplyAllStormBlockDurationHours",
        "ReplyAllStormDetectionMinimumRecipients",
        "ReplyAllStormDetectionMinimumReplies",
        "ReplyAllStormProtectionEnabled",
        "Rfc2231EncodingEnabled",
        "SmtpClientAuthenticationDisabled",
        "VoicemailJournalingEnabled",
    }
)
"""The 30 parameters of ``Set-TransportConfig`` in Exchange Online; there is no ``Identity``."""

NULLABLE = frozenset({"AllowLegacyTLSClients"})
"""Booleans that are null until somebody sets them. That null can be *written* is an inference nobody has
proven live."""


def settings(changes: Mapping[str, object], organization: str = ORGANIZATION) -> dict[str, object]:
    """The whole object of an organisation, with ``changes`` laid over the defaults."""
    return {name: _named(value, organization) for name, value in DEFAULTS.items()} | dict(changes)


def _named(value: object, organization: str) -> object:
    return value.replace(ORGANIZATION, organization) if isinstance(value, str) else value


def render(values: Mapping[str, object], *, changed_at: datetime, server: str) -> Row:
    """Return the object as one row: ``values``, dates of the last change, the controller read."""
    dates = {"WhenChanged": changed_at, "WhenChangedUTC": changed_at}
    return annotated({**values, **dates, "OriginatingServer": server, "IsValid": True})


def is_switch(name: str) -> bool:
    """Whether a parameter takes true or false."""
    return name in NULLABLE or name == "Force" or isinstance(DEFAULTS.get(name), bool)


DEFAULTS: dict[str, object] = {
    "Name": "Transport Settings",
    "TLSReceiveDomainSecureList": [],
    "TLSSendDomainSecureList": [],
    "GenerateCopyOfDSNFor": [],
    "InternalSMTPServers": [],
    "JournalingReportNdrTo": "<>",
    "OrganizationFederatedMailbox": f"FederatedEmail.4c1f4d8b-8179-4148-93bf-00a95fa1e042@{ORGANIZATION}",
    "MaxDumpsterSizePerDatabase": "18 MB (18,874,368 bytes)",
    "MaxDumpsterTime": "7.00:00:00",
    "VerifySecureSubmitEnabled": False,
    "ClearCategories": True,
    "AddressBookPolicyRoutingEnabled": False,
    "ConvertDisclaimerWrapperToEml": False,
    "PreserveReportBodypart": True,
    "ConvertReportToMessage": False,
    "DSNConversionMode": "PreserveDSNBody",
    "VoicemailJournalingEnabled": True,
    "HeaderPromotionModeSetting": "NoCreate",
    "Xexch50Enabled": True,
    "Rfc2231EncodingEnabled": False,
    "OpenDomainRoutingEnabled": False,
    "MaxReceiveSize": "Unlimited",
    "MaxRecipientEnvelopeLimit": "Unlimited",
    "MaxSendSize": "Unlimited",
    "ExternalDelayDsnEnabled": True,
    "ExternalDsnDefaultLanguage": None,
    "ExternalDsnLanguageDetectionEnabled": True,
    "ExternalDsnMaxMessageAttachSize": "10 MB (10,485,760 bytes)",
    "ExternalDsnReportingAuthority": None,
    "ExternalDsnSendHtml": True,
    "ExternalPostmasterAddress": None,
    "InternalDelayDsnEnabled": True,
    "InternalDsnDefaultLanguage": None,
    "InternalDsnLanguageDetectionEnabled": True,
    "InternalDsnMaxMessageAttachSize": "10 MB (10,485,760 bytes)",
    "InternalDsnReportingAuthority": None,
    "InternalDsnSendHtml": True,
    "SupervisionTags": ["Reject", "Allow"],
    "HygieneSuite": "Premium",
    "MigrationEnabled": True,
    "LegacyJournalingMigrationEnabled": False,
    "LegacyArchiveJournalingEnabled": False,
    "RedirectDLMessagesForLegacyArchiveJournaling": False,
    "RedirectUnprovisionedUserMessagesForLegacyArchiveJournaling": False,
    "LegacyArchiveLiveJournalingEnabled": False,
    "JournalArchivingEnabled": False,
    "SafetyNetHoldTime": "7.00:00:00",
    "TransportRuleConfig": ["TransportRuleMinProductVersion:14.0.0.0", "TransportRuleLimit:300"],
    "TransportRuleCollectionAddedRecipientsLimit": 100,
    "TransportRuleLimit": 300,
    "TransportRuleCollectionRegexCharsLimit": "20 KB (20,480 bytes)",
    "TransportRuleSizeLimit": "8 KB (8,192 bytes)",
    "TransportRuleAttachmentTextScanLimit": "1 MB (1,048,576 bytes)",
    "TransportRuleRegexValidationTimeout": "00:00:00.3000000",
    "TransportRuleMinProductVersion": "14.0.0.0",
    "AnonymousSenderToRecipientRatePerHour": 1800,
    "QueueDiagnosticsAggregationInterval": "00:01:00",
    "JournalReportDLMemberSubstitutionEnabled": False,
    "DiagnosticsAggregationServicePort": 9710,
    "AgentGeneratedMessageLoopDetectionInSubmissionEnabled": True,
    "AgentGeneratedMessageLoopDetectionInSmtpEnabled": True,
    "MaxAllowedAgentGeneratedMessageDepth": UInt32(3),
    "MaxAllowedAgentGeneratedMessageDepthPerAgent": UInt32(2),
    "AttributionRejectConsumerMessages": False,
    "AttributionRejectBeforeMServRequest": False,
    "SmtpClientAuthenticationDisabled": False,
    "JournalMessageExpirationDays": 0,
    "PreventDuplicateJournalingEnabled": False,
    "ReplyAllStormProtectionEnabled": True,
    "ReplyAllStormDetectionMinimumRecipients": 2500,
    "ReplyAllStormDetectionMinimumReplies": 10,
    "AllowLegacyTLSClients": None,
    "ReplyAllStormBlockDurationHours": 6,
    "MessageExpiration": "1.00:00:00",
    "EnableExternalHTTPMailDelivery": False,
    "CurrentTransportSystemState": "Green",
    "OtherWellKnownObjects": [],
    "AdminDisplayName": "",
    "ExchangeVersion": "0.1 (8.0.535.0)",
    "DistinguishedName": (
        "CN=Transport "
        f"Settings,CN=Configuration,CN={ORGANIZATION},CN=ConfigurationUnits,DC=NAMPR09A006,DC=PROD,"
        "DC=OUTLOOK,DC=COM"
    ),
    "Identity": "Transport Settings",
    "ObjectCategory": f"{FOREST}/Configuration/Schema/ms-Exch-Transport-Settings",
    "ObjectClass": ["top", "container", "msExchTransportSettings"],
    "WhenChanged": FIRST_CHANGED,
    "WhenCreated": datetime(2021, 4, 27, 0, 46, 38, tzinfo=UTC),
    "WhenChangedUTC": FIRST_CHANGED,
    "WhenCreatedUTC": datetime(2021, 4, 27, 0, 46, 38, tzinfo=UTC),
    "ExchangeObjectId": UUID("7ef195bd-4f88-46bc-97e6-db6c7665321b"),
    "OrganizationalUnitRoot": ORGANIZATION,
    "OrganizationId": (
        f"{FOREST}/Microsoft Exchange Hosted Organizations/{ORGANIZATION}"
        f" - {FOREST}/ConfigurationUnits/{ORGANIZATION}/Configuration"
    ),
    "Id": "Transport Settings",
    "Guid": UUID("01d25010-40a8-4d0a-9419-fb1d775b4d16"),
}
"""A tenant that never touched the switch: ``AllowLegacyTLSClients`` is null, as in every public export."""
