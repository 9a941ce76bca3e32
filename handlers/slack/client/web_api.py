"""Call ``slack_sdk`` without what it leaves open: redirects, huge answers, foreign upload hosts.

``urllib`` repeats a redirected call as GET with its ``Authorization`` at whatever host the answer names,
plain http included; so a redirect is an error here, for every method. What the SDK would log of requests and
answers is what people typed: nothing is. Files given in forms are read from Slack's own hosts alone.
"""

import logging
import ssl
from collections.abc import Iterable
from functools import cached_property
from http import HTTPStatus
from http.client import HTTPMessage
from typing import IO, Any, Final, NoReturn
from urllib.error import HTTPError
from urllib.request import (
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError
from slack_sdk.web import SlackResponse
from slack_sdk.web.file_upload_v2_result import FileUploadV2Result

from handlers.context.web_addresses import taken_apart
from handlers.ports import Unavailable
from handlers.slack.client.destinations import Destinations, Elsewhere, Outward

SIZE_LIMIT: Final = 2 * 1024 * 1024
"""Bytes of an answer; the largest of Slack's that the bot asks for, the members of a user group, is a tenth
of it."""


class Redirected(SlackClientError):
    """The answer was a redirect, which is not followed: the token would go with it."""


class TooLarge(SlackClientError):
    """The answer is larger than any of Slack's."""


class FileNotTaken(SlackClientError):
    """The bytes of a file could not be left with Slack."""


class FileNotRead(SlackClientError):
    """A file that somebody gave to the bot could not be read."""


class SlackWebClient(WebClient):
    """The bot's client of the Web API; arguments as for ``slack_sdk.WebClient``."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        # the same filter is added once
        logging.getLogger("slack_sdk.web.base_client").addFilter(_prints_nothing)
        super().__init__(*arguments, **named)

    @cached_property
    def _outward(self) -> Outward:
        return Outward.of(self)

    def send_file(self, *, channel: str, name: str, length: int, pieces: Iterable[bytes]) -> SlackResponse:
        """Upload a file into a conversation: ``length`` bytes as ``pieces`` yields them, keeping none.

        Raises ``SlackClientError``. Slack's three steps are told in
        docs.slack.dev/messaging/working-with-files.
        """
        given = self.files_getUploadURLExternal(filename=name, length=length)
        self._upload(str(given.get("upload_url") or ""), pieces, length)
        return self.files_completeUploadExternal(
            files=[{"id": given.get("file_id"), "title": name}], channel_id=channel
        )

    def read_file(self, url: str, most: int) -> bytes:
        """Return the first ``most`` bytes of a given file; ``url`` is its ``url_private_download``.

        The token goes along, so only to one of Slack's hosts, and after no redirect. Raises
        ``SlackClientError``.
        """
        try:
            address = Destinations(self.base_url).download(url)
        except Elsewhere as elsewhere:
            raise FileNotRead(str(elsewhere)) from None
        answered = self._outward.given(address, self.token or "", most)
        if answered is None:
            raise FileNotRead("the file was not answered, or broke off")
        status, content = answered
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            raise Redirected(f"the file was answered with a redirect ({status})")
        if status != HTTPStatus.OK:
            raise FileNotRead(f"the file was answered with status {status}")
        return content

    def _upload(self, url: str, content: bytes | Iterable[bytes], length: int) -> None:
        try:
            address = Destinations(self.base_url).upload(url)
        except Elsewhere as elsewhere:
            raise FileNotTaken(str(elsewhere)) from None
        status = self._outward.file(address, content, length)
        if status != HTTPStatus.OK:
            raise FileNotTaken(
                f"the file was answered with status {status}" if status else "the file was not answered"
            )

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        """Replaces the SDK's: send once, follow nothing, read to the limit."""
        try:
            answer = self._opener().open(req, timeout=self.timeout)
        except HTTPError as refused:
            answer = refused  # it is an answer as well, and its body names the error
        with answer:
            body = answer.read(SIZE_LIMIT + 1)
        if len(body) > SIZE_LIMIT:
            raise TooLarge("the answer is larger than any of Slack's")
        charset = answer.headers.get_content_charset() or "utf-8"
        return {"status": answer.code, "headers": answer.headers, "body": body.decode(charset)}

    def _opener(self) -> OpenerDirector:
        """No proxy is asked for this machine: in plain http it would read the token."""
        proxies = {"http": self.proxy, "https": self.proxy} if self.proxy else None
        if taken_apart(self.base_url).stays_here:
            proxies = {}
        return build_opener(ProxyHandler(proxies), HTTPSHandler(context=self.ssl), _NoRedirect())

    def _upload_file(
        self,
        *,
        url: str,
        data: bytes,
        logger: logging.Logger,
        timeout: int,
        proxy: str | None,
        ssl: ssl.SSLContext | None,
    ) -> FileUploadV2Result:
        """Replaces the SDK's, for ``files_upload_v2``: to one of Slack's hosts, or not at all."""
        self._upload(url, data, len(data))
        return FileUploadV2Result(status=HTTPStatus.OK, body="")


def _prints_nothing(record: logging.LogRecord) -> bool:
    """Whether a line of the SDK's may be told: at DEBUG it prints every message and every form."""
    return record.levelno >= logging.INFO


class _NoRedirect(HTTPRedirectHandler):
    def http_error_302(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage
    ) -> NoReturn:
        """End every redirect, whatever it names."""
        fp.close()
        raise Redirected(f"answered with a redirect ({code})")

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


NOT_GIVEN = "Slack did not hand out the file."
NOT_GIVEN_MEND = (
    "Have the app reinstalled from manifest.yml, so that it may read files (files:read), then try again."
)


def fetched(client: SlackWebClient, address: str, most: int) -> bytes:
    """Return the first ``most`` bytes of a file. Raises ``Unavailable``."""
    try:
        return client.read_file(address, most)
    except Redirected:  # to the page where people sign in
        raise Unavailable(NOT_GIVEN, mend=NOT_GIVEN_MEND, retryable=False) from None
    except SlackClientError as lost:
        raise Unavailable(f"{NOT_GIVEN[:-1]}: {lost}.", mend="Try again in a moment.") from None
