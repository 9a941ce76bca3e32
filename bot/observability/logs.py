"""Logs: one JSON object a line on stderr, from structlog and from every library alike.

No secret is in any of them, and nothing that people typed, at any level: libraries are routed through the
same redaction, those that print whole requests at DEBUG are not heard there, and an exception is told without
a text that may quote. Nothing is configured at import.
"""

import logging
import sys
import threading
import traceback
from collections.abc import Iterable
from types import TracebackType
from typing import TextIO

import structlog
from pydantic import SecretStr
from structlog.contextvars import merge_contextvars
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.observability.redaction import LONGEST, Redaction, told

HEARD_AT_DEBUG = ("bot", "handlers", "storage", "asyncio", "msal", "waitress")
"""Whose lines below INFO are kept. ``slack_bolt`` and ``slack_sdk`` print what people typed there, forms and
messages whole."""

LIBRARIES = ("aiohttp", "asyncio", "msal", "slack_bolt", "slack_sdk", "waitress")
"""Heard from WARNING on, unless the level is ``debug``."""

ALWAYS_QUIET = {
    "alembic": logging.WARNING, "sqlalchemy": logging.WARNING, "urllib3": logging.WARNING,
    "waitress.queue": logging.ERROR,
}  # fmt: skip
"""SQLAlchemy would print what people wrote, and urllib3 the path of every request: that of a ``response_url``
is a secret. Waitress warns of every request that waits its turn."""

MOST_FRAMES = 32
MOST_CAUSES = 8
"""How much of a traceback is told, from its newest on."""

QUOTING = {"slack_sdk.web.base_client": "Failed to decode Slack API response"}
"""How a library's line begins that quotes a piece of what came: of an answer that broke off, or of somebody
else's page."""


def configure(
    secrets: Iterable[SecretStr] = (), *, level: str = "info", stream: TextIO | None = None
) -> Redaction:
    """Send every log to ``stream`` (stderr), from ``level`` on, without ``secrets``.

    Every other handler of the root is put aside: it would write what this one takes out. The answer takes
    further secrets.
    """
    redaction = Redaction()
    redaction.register(secrets)
    handler = _Handler(stream or sys.stderr, redaction)
    handler.setFormatter(_formatter(redaction))
    handler.addFilter(_is_heard)
    logging.getLogger().handlers[:] = [handler]
    _set_levels(logging.getLevelNamesMapping()[level.upper()])
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    return redaction


def withhold(secrets: Iterable[SecretStr]) -> None:
    """Take further secrets out of every log from now on: those that were read anew while the bot runs."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _Handler):
            handler.redaction.register(secrets)


def catch_uncaught() -> None:
    """Log what nobody caught, on any thread, instead of letting Python print it with whatever it holds."""
    log = structlog.get_logger("uncaught")

    def of_process(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.critical("uncaught", exc_info=(kind, error, trace))

    def of_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            name = args.thread.name if args.thread else ""
            log.critical(
                "uncaught", thread=name, exc_info=(args.exc_type, args.exc_value, args.exc_traceback)
            )

    sys.excepthook = of_process
    threading.excepthook = of_thread


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines; a record that cannot be written is told without what it held."""

    def __init__(self, stream: TextIO, redaction: Redaction) -> None:
        super().__init__(stream)
        self.redaction = redaction

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is Python's
        """Replaces Python's own, which prints message and arguments as they are."""
        kind = sys.exc_info()[0]
        lost = logging.LogRecord(
            record.name, logging.ERROR, record.pathname, record.lineno, "log.unwritable", None, None
        )
        lost.unwritable = kind.__name__ if kind else ""
        try:
            self.stream.write(f"{self.format(lost)}{self.terminator}")
            self.flush()
        except (OSError, ValueError):
            return  # stderr itself is gone: there is nobody left to tell


def _formatter(redaction: Redaction) -> logging.Formatter:
    def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        cleaned: EventDict = redaction.value(event)
        return cleaned

    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_shared(), structlog.stdlib.ExtraAdder(allow={"unwritable"})],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _exception_as_text,
            redact,
            structlog.processors.JSONRenderer(),
        ],
    )


def _shared() -> list[Processor]:
    return [
        merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _exception_as_text(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The traceback as text: no local variables, and nothing that is rendered after the redaction."""
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    error = raised[1] if isinstance(raised, tuple) else raised
    if isinstance(error, BaseException):
        event["exception"] = _traceback(error)
    return event


def _traceback(error: BaseException) -> str:
    """Return an exception and its causes, oldest first, with the texts that ``redaction.told`` allows.

    What is too long loses its beginning: the newest is what went wrong.
    """
    parts: list[str] = []
    following: BaseException | None = error
    while following is not None and len(parts) < MOST_CAUSES:
        frames = "".join(traceback.format_tb(following.__traceback__, limit=-MOST_FRAMES))
        parts.append(f"Traceback (most recent call last):\n{frames}{told(following)}")
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    return "\n\nwhich led to:\n\n".join(reversed(parts))[-LONGEST:]


def _set_levels(level: int) -> None:
    logging.getLogger().setLevel(level)
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(level if level == logging.DEBUG else max(level, logging.WARNING))
    for name, quiet in ALWAYS_QUIET.items():
        logging.getLogger(name).setLevel(max(level, quiet))
    for name in QUOTING:
        # what an earlier run in this process made of it is forgotten
        logging.getLogger(name).setLevel(logging.NOTSET)
        logging.getLogger(name).addFilter(_quotes_nothing)


def _quotes_nothing(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(QUOTING[record.name])


def _is_heard(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.INFO or _is_under(record.name, HEARD_AT_DEBUG)


def bolts_own() -> logging.Logger:
    """Return the logger for Bolt: what follows a bracket quotes the payload and is dropped.

    Bolt gives level and filters of this one to all of its loggers.
    """
    logger = logging.getLogger("slack_bolt")
    if _unquoted not in logger.filters:
        logger.addFilter(_unquoted)
    return logger


def _unquoted(record: logging.LogRecord) -> bool:
    record.msg, record.args = str(record.msg).partition("(")[0].rstrip(), ()
    return True


def _is_under(name: str, loggers: Iterable[str]) -> bool:
    return any(name == logger or name.startswith((f"{logger}.", f"{logger}:")) for logger in loggers)
