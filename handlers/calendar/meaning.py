"""Say in a clause what the setting means for each protocol today, without dates and reasons. Pure."""

from datetime import date

from handlers.calendar.milestones import Calendar
from handlers.ports import Cloud
from handlers.suggested import Suggested
from storage.records import MailProtocol, SettingValue


def meanings(
    calendar: Calendar, cloud: Cloud, today: date, value: SettingValue | None
) -> tuple[tuple[MailProtocol, str], ...]:
    """Return the clause for each protocol; ``value`` is ``None`` when it is not known.

    Nothing where there are no legacy hosts.
    """
    hosts = zip(MailProtocol, cloud.legacy_hosts, strict=False)  # in this order, or none
    gone = {protocol: calendar.removal(protocol, cloud.name, today) for protocol in MailProtocol}
    return tuple(
        (protocol, f"{gone[protocol]}." if gone[protocol] else _decides(value, host))
        for protocol, host in hosts
    )


def _decides(value: SettingValue | None, host: str) -> str:
    if value is None:
        return f"the setting decides about mail over TLS 1.0 and 1.1 on {host}."
    taken = "taken" if value is SettingValue.OPTED_IN else "refused"
    return f"mail over TLS 1.0 and 1.1 is {taken} on {host}; {Suggested('calendar')} has what is announced."
