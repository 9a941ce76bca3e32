"""Name the kinds of settings; each is read by its function in ``fields`` or a neighbour."""

from collections.abc import Callable, Collection
from datetime import date, time, timedelta
from functools import partial
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, SecretStr

from bot.exchange.clouds import CLOUDS
from bot.probe.targets import targets
from bot.settings import secret_parsers, value_parsers
from handlers.probe_ports import ProbeTarget

T = TypeVar("T")

LOG_LEVELS = ("debug", "info", "warning", "error")
NONE_LEFT = ("ask", "opt-out")

_bot_token = partial(secret_parsers.token, prefix="xoxb-", what="the app's bot token")
_app_token = partial(secret_parsers.token, prefix="xapp-", what="an app-level token")


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
SigningSecret = Annotated[SecretStr, BeforeValidator(secret_parsers.signing_secret)]
EntraSecret = Annotated[SecretStr, BeforeValidator(secret_parsers.client_secret)]
CalendarToken = Annotated[SecretStr, BeforeValidator(secret_parsers.calendar_token)]
Keys = Annotated[tuple[SecretStr, ...], _unless_read(secret_parsers.record_keys)]
KeysInFile = Annotated[tuple[SecretStr, ...], _unless_read(secret_parsers.record_keys_in)]
Receiver = Annotated[SecretStr, BeforeValidator(secret_parsers.receiver)]
ReceiverSecret = Annotated[SecretStr, BeforeValidator(secret_parsers.secret)]
TimeStamps = Annotated[SecretStr, BeforeValidator(secret_parsers.service)]
DatabaseUrl = Annotated[SecretStr, BeforeValidator(value_parsers.database)]

SlackUrl = Annotated[str, BeforeValidator(value_parsers.base_url)]
Authority = Annotated[str, BeforeValidator(value_parsers.authority)]
Origin = Annotated[str, BeforeValidator(value_parsers.origin)]
Host = Annotated[str, BeforeValidator(value_parsers.host)]
Port = Annotated[int, BeforeValidator(value_parsers.port)]
Targets = Annotated[tuple[ProbeTarget, ...], _unless_read(targets)]

TenantId = Annotated[str, BeforeValidator(value_parsers.tenant)]
DirectoryId = Annotated[str, BeforeValidator(value_parsers.directory_id)]
Domain = Annotated[str, BeforeValidator(value_parsers.domain)]
CloudName = Annotated[str, BeforeValidator(partial(_one_of, CLOUDS))]
Channel = Annotated[str, BeforeValidator(value_parsers.channel)]
Ids = Annotated[tuple[str, ...], _unless_read(value_parsers.people)]
Emoji = Annotated[str, BeforeValidator(value_parsers.emoji)]
Count = Annotated[int, BeforeValidator(value_parsers.count)]
Truth = Annotated[bool, BeforeValidator(value_parsers.truth)]
TicketPattern = Annotated[str, BeforeValidator(value_parsers.ticket_pattern)]
TicketUrl = Annotated[str, BeforeValidator(value_parsers.ticket_url)]
NoneLeft = Annotated[str, BeforeValidator(partial(_one_of, NONE_LEFT))]
LogLevel = Annotated[str, BeforeValidator(partial(_one_of, LOG_LEVELS))]

Day = Annotated[date, BeforeValidator(value_parsers.day)]
Duration = Annotated[timedelta, BeforeValidator(value_parsers.duration)]
DailyOrRarer = Annotated[timedelta, BeforeValidator(partial(value_parsers.at_least, days=1))]
Retention = Annotated[timedelta, BeforeValidator(partial(value_parsers.at_least, days=30))]
Ttl = Annotated[timedelta | None, BeforeValidator(value_parsers.request_ttl)]
TimeZone = Annotated[ZoneInfo, BeforeValidator(value_parsers.zone)]
WorkingHours = Annotated[tuple[time, time], BeforeValidator(value_parsers.working_hours)]
