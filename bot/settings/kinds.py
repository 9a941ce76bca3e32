"""Name the kinds of settings; each is read by its function in ``fields`` or a neighbour."""

from collections.abc import Callable, Collection
from datetime import date, time, timedelta
from functools import partial
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, SecretStr

from bot.exchange.clouds import CLOUDS
from bot.probe.targets import targets
from bot.settings import fields, secret_fields
from bot.stream import spelled
from handlers.probe_ports import ProbeTarget

T = TypeVar("T")

LOG_LEVELS = ("debug", "info", "warning", "error")
NONE_LEFT = ("ask", "opt-out")

_bot_token = partial(secret_fields.token, prefix="xoxb-", what="the app's bot token")
_app_token = partial(secret_fields.token, prefix="xapp-", what="an app-level token")


def _one_of(words: Collection[str], text: str) -> str:
    if text.lower() not in words:
        raise ValueError(f"write one of {', '.join(words)}")
    return text.lower()


def _unless_read(read: Callable[[str], tuple[T, ...]]) -> BeforeValidator:
    """Read a text; what is a tuple was read before, or is a default."""

    def judge(value: str | tuple[T, ...]) -> tuple[T, ...]:
        return value if isinstance(value, tuple) else read(value)

    return BeforeValidator(judge)


BotToken = Annotated[SecretStr, BeforeValidator(_bot_token)]
AppToken = Annotated[SecretStr, BeforeValidator(_app_token)]
SigningSecret = Annotated[SecretStr, BeforeValidator(secret_fields.signing_secret)]
EntraSecret = Annotated[SecretStr, BeforeValidator(secret_fields.client_secret)]
CalendarToken = Annotated[SecretStr, BeforeValidator(secret_fields.calendar_token)]
Keys = Annotated[tuple[SecretStr, ...], _unless_read(secret_fields.record_keys)]
KeysInFile = Annotated[tuple[SecretStr, ...], _unless_read(secret_fields.record_keys_in)]
Receiver = Annotated[SecretStr, BeforeValidator(spelled.receiver)]
ReceiverSecret = Annotated[SecretStr, BeforeValidator(spelled.secret)]
TimeStamps = Annotated[SecretStr, BeforeValidator(spelled.service)]
DatabaseUrl = Annotated[SecretStr, BeforeValidator(fields.database)]

SlackUrl = Annotated[str, BeforeValidator(fields.base_url)]
Authority = Annotated[str, BeforeValidator(fields.authority)]
Origin = Annotated[str, BeforeValidator(fields.origin)]
Host = Annotated[str, BeforeValidator(fields.host)]
Port = Annotated[int, BeforeValidator(fields.port)]
Targets = Annotated[tuple[ProbeTarget, ...], _unless_read(targets)]

TenantId = Annotated[str, BeforeValidator(fields.tenant)]
DirectoryId = Annotated[str, BeforeValidator(fields.directory_id)]
Domain = Annotated[str, BeforeValidator(fields.domain)]
CloudName = Annotated[str, BeforeValidator(partial(_one_of, CLOUDS))]
Channel = Annotated[str, BeforeValidator(fields.channel)]
Ids = Annotated[tuple[str, ...], _unless_read(fields.people)]
Emoji = Annotated[str, BeforeValidator(fields.emoji)]
Count = Annotated[int, BeforeValidator(fields.count)]
Truth = Annotated[bool, BeforeValidator(fields.truth)]
TicketPattern = Annotated[str, BeforeValidator(fields.ticket_pattern)]
TicketUrl = Annotated[str, BeforeValidator(fields.ticket_url)]
NoneLeft = Annotated[str, BeforeValidator(partial(_one_of, NONE_LEFT))]
LogLevel = Annotated[str, BeforeValidator(partial(_one_of, LOG_LEVELS))]

Day = Annotated[date, BeforeValidator(fields.day)]
Duration = Annotated[timedelta, BeforeValidator(fields.duration)]
DailyOrRarer = Annotated[timedelta, BeforeValidator(partial(fields.at_least, days=1))]
Retention = Annotated[timedelta, BeforeValidator(partial(fields.at_least, days=30))]
Ttl = Annotated[timedelta | None, BeforeValidator(fields.request_ttl)]
TimeZone = Annotated[ZoneInfo, BeforeValidator(fields.zone)]
WorkingHours = Annotated[tuple[time, time], BeforeValidator(fields.working_hours)]
