"""Hold one kept-alive HTTP session that limits the whole time of a call and knows what was sent.

Everything that ``requests`` leaves open is closed here: a body that drips cannot outlast the limit, nothing
is retried, no redirect is followed, ``~/.netrc`` is not consulted, loopback is never reached through a proxy.
TLS is always verified (``REQUESTS_CA_BUNDLE`` is honoured, because ``requests`` reads it).
"""

import io
import ipaddress
import math
import socket
import threading
import time
from contextlib import suppress
from functools import partial
from http.client import HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Retry
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util import Timeout

from bot.exchange.clouds import stays_here
from bot.exchange.retries import CONNECT_LIMIT
from handlers.context.web_addresses import may_be_dialled

SHORTEST: Final = 0.05
POOL: Final = 64  # as many as there are threads that call, where several tenants share them
_NO_PROXY: Final[dict[str, Any]] = {"http": None, "https": None, "all": None}


class NotPublic(requests.ConnectionError):
    """The server was not connected to: it has no public address, and the call was to public ones only."""


class _NoPublicAddress(NewConnectionError):
    """The same, as ``urllib3`` hands it on."""


class _Sent(threading.local):
    """Hold, per thread, whether the call began to send its request, and until when it may begin."""

    flag = False
    begin_by = math.inf


_sent = _Sent()


class _UntilDeadline(io.RawIOBase):
    """A socket's bytes, up to a moment of the monotonic clock instead of so many seconds for each piece."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase, deadline: float) -> None:
        super().__init__()
        self._sock = sock
        self._raw = raw
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("the answer took too long")
        with suppress(OSError):
            self._sock.settimeout(remaining)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _LimitedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: Any, deadline: float, **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_UntilDeadline(sock, raw, deadline))


class _PlainConnection(HTTPConnection):
    """Bounded connecting, bounded answers, and a note of when sending began."""

    def _new_conn(self) -> socket.socket:
        """Try each address of the name for its share of the connect limit, not the full limit for each."""
        own, limit = self._dns_host, self.timeout
        until = time.monotonic() + (limit or CONNECT_LIMIT)
        addresses = self._addresses()
        try:
            for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
                self._dns_host, self.timeout = address, max(SHORTEST, (until - time.monotonic()) / left)
                try:
                    sock = super()._new_conn()
                except (ConnectTimeoutError, NewConnectionError):
                    if left == 1:
                        raise
                else:
                    sock.settimeout(max(SHORTEST, until - time.monotonic()))
                    return sock
        finally:
            self._dns_host, self.timeout = own, limit
        raise NewConnectionError(self, "the name has no address")

    def _addresses(self) -> list[str]:
        try:
            found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as failure:
            raise NameResolutionError(self.host, self, failure) from failure
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))

    def connect(self) -> None:
        self._answer_by_limit()  # a proxy answers here, too
        try:
            super().connect()
        finally:
            _sent.flag = False  # a proxy may have been spoken to, the server has not

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        if time.monotonic() > _sent.begin_by:  # nor to go on: a head without its body does nothing there
            raise NewConnectionError(self, "it is too late to begin")
        _sent.flag = True
        super().send(data)

    def getresponse(self) -> Any:
        self._answer_by_limit()
        return super().getresponse()

    def _answer_by_limit(self) -> None:
        """Give the next answer the present limit, instead of what was left to the one before."""
        deadline = time.monotonic() + (self.timeout or CONNECT_LIMIT)
        self.response_class = partial(_LimitedResponse, deadline=deadline)  # type: ignore[assignment]


class _TlsConnection(_PlainConnection, HTTPSConnection):
    """The same over TLS."""


class _PublicConnection(_PlainConnection):
    """Dials public addresses only: the very ones that it looked up, so no later look-up changes them."""

    def _addresses(self) -> list[str]:
        allowed = [address for address in super()._addresses() if may_be_dialled(self.host, address)]
        if not allowed:
            raise _NoPublicAddress(self, "the name has no public address")
        return allowed


class _PublicTlsConnection(_PublicConnection, _TlsConnection):
    """The same over TLS."""


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _PublicPool(HTTPConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicTlsPool(HTTPSConnectionPool):
    ConnectionCls = _PublicTlsConnection


_POOLS: Final = {"http": _PlainPool, "https": _TlsPool}
_PUBLIC_POOLS: Final = {"http": _PublicPool, "https": _PublicTlsPool}


class _Adapter(HTTPAdapter):
    """Hands out the connections above, directly and through a proxy; never sends anything twice."""

    def __init__(self, *, public_only: bool) -> None:
        self._pools = _PUBLIC_POOLS if public_only else _POOLS
        super().__init__(pool_maxsize=POOL, max_retries=Retry(total=0))

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **named)
        manager.pool_classes_by_scheme = _POOLS  # the operator named the proxy, which may be private
        return manager


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An ``auth`` that adds nothing: its presence keeps ``requests`` from looking into ``~/.netrc``."""
    return request


class Wire(requests.Session):
    """A session for one host family.

    ``timeout`` is the number of seconds for the whole call, reading the body included. With ``public_only``
    nothing but public addresses is connected to, loopback aside where the address itself names it.
    ``shared`` is another session whose connections are used, and never closed here; cookies are its own.
    """

    def __init__(
        self, *, surroundings: bool = True, public_only: bool = False, shared: "Wire | None" = None
    ) -> None:
        super().__init__()
        self.trust_env = surroundings
        self.auth = _as_it_is
        self._public_only = public_only
        self._shares = shared is not None
        self.merged: dict[str, dict[str, Any]] = shared.merged if shared is not None else {}
        """Proxies and authorities for each origin, as the surroundings have them: looking is slow."""
        adapter = shared.adapters["https://"] if shared else _Adapter(public_only=public_only)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def take_no_cookies(self) -> None:
        """Keep no cookie from now on: where tenants share a session, it would be everybody's."""
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))

    def close(self) -> None:
        """Close its own connections."""
        if not self._shares:
            super().close()

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """Look into the environment once for each origin."""
        origin = "/".join(str(url).split("/", 3)[:3])
        if origin not in self.merged:
            merge = super().merge_environment_settings
            self.merged[origin] = dict(merge(url, proxies, stream, verify, cert))
        return self.merged[origin] | {"stream": stream}

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Report no redirect: ``requests`` would read the body whole and fail on a broken target."""

    def request(
        self, method: str | bytes, url: str | bytes, *arguments: Any, **named: Any
    ) -> requests.Response:
        """Send once, follow nothing, begin nothing after ``begin_by`` (monotonic clock).

        Raises ``requests.RequestException``, such as ``NotPublic``; ``was_sent`` then tells how far it came.
        """
        text = url if isinstance(url, str) else url.decode()
        if self._public_only and _is_private_literal(text):  # a proxy would connect to it
            raise NotPublic("the address is not public")
        _sent.flag, _sent.begin_by = False, float(named.pop("begin_by", math.inf))
        seconds = max(SHORTEST, float(named.pop("timeout", None) or CONNECT_LIMIT))
        named |= {
            "allow_redirects": False,
            "timeout": Timeout(connect=min(CONNECT_LIMIT, seconds), total=seconds),
        }
        if stays_here(text):
            named["proxies"] = dict(_NO_PROXY)
        try:
            return super().request(method, url, *arguments, **named)
        except requests.ConnectionError as failed:
            if isinstance(getattr(failed.args[0] if failed.args else None, "reason", None), _NoPublicAddress):
                raise NotPublic("the name has no public address") from failed
            raise


def _is_private_literal(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return not may_be_dialled(host, host)


def was_sent() -> bool:
    """Tell whether this thread's latest call began to send; if not, the server processed nothing."""
    return _sent.flag
