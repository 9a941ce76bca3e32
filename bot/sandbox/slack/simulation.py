"""The simulated Slack: one workspace behind Slack's Web API, Socket Mode and response_urls.

Puts the parts together, on one port of loopback. Knows nothing of Exchange nor of the page, and of the bot
only the two tokens it comes with.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from aiohttp import web

from bot.sandbox.shared.fault_queue import FaultQueue
from bot.sandbox.shared.server import Server
from bot.sandbox.slack import cast
from bot.sandbox.slack.api import Arguments, Method, WebApi
from bot.sandbox.slack.chat import Chat
from bot.sandbox.slack.deliveries import Delivery
from bot.sandbox.slack.directory import Directory
from bot.sandbox.slack.faults import Fault
from bot.sandbox.slack.files import Files
from bot.sandbox.slack.http import HttpDelivery
from bot.sandbox.slack.inputs import Wanted
from bot.sandbox.slack.interactions import Interactions
from bot.sandbox.slack.messages import JSON
from bot.sandbox.slack.modals import Modals, Views
from bot.sandbox.slack.response_urls import ResponseUrls
from bot.sandbox.slack.socket import SocketMode
from bot.sandbox.slack.workspace import Workspace
from handlers.slack.scopes import BOT_SCOPES
from handlers.suggested import COMMAND

SOCKET_PATH = "/socket"
LARGEST_BODY = 16 * 1024 * 1024


class Slack:
    """One simulated Slack.

    ``clock`` (aware UTC) is what the page shows as now and what is stamped on messages and events; what has
    to happen within seconds keeps real time. ``scopes`` are those the bot token was granted, by default those
    of the manifest. ``ack_within``, ``redelivery`` and the two lifetimes are seconds, by default Slack's own.

    Payloads go over Socket Mode, or to ``request_url`` where one is given. ``mount`` may add routes and
    middlewares.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        port: int = 0,
        scopes: Sequence[str] = tuple(BOT_SCOPES),
        request_url: str = "",
        mount: "Callable[[web.Application, Slack], None]" = lambda app, slack: None,
        ack_within: float = 3.0,
        redelivery: Sequence[float] = (0.0, 60.0, 300.0),
        trigger_lifetime: float = 3.0,
        response_url_lifetime: float = 1800.0,
    ) -> None:
        self.workspace = Workspace(clock=clock)
        self._scopes = tuple(scopes)
        self.faults = FaultQueue[Fault]()
        self.modals = Modals(self.workspace, trigger_lifetime=trigger_lifetime)
        self._socket = SocketMode(self.workspace, ack_within=ack_within, redelivery=redelivery)
        self._http = request_url and HttpDelivery(
            self.workspace, request_url, ack_within=ack_within, redelivery=redelivery
        )
        self.carrier = self._http or self._socket
        self._urls = ResponseUrls(self.workspace, self.faults, lifetime=response_url_lifetime)
        self._files = Files(self.workspace, base=self._base)
        self.people = Interactions(
            self.workspace,
            self.modals,
            self.carrier,
            self._urls,
            base=self._base,
            command=COMMAND,
            scopes=self._scopes,
        )
        self._server = Server(self._application(mount), port=port)
        self._running = False

    def start(self) -> None:
        """Listen; raises ``OSError`` when the port is taken."""
        self._server.start()
        self._running = True

    def stop(self) -> None:
        """Close every connection; a second time does nothing."""
        if self._running:
            self._running = False
            self._server.stop()

    @property
    def url(self) -> str:
        """Scheme, host and port of the page and of everything else."""
        return self._server.url

    @property
    def environment(self) -> dict[str, str]:
        """After ``start``: the settings that point the bot here."""
        return {
            "SLACK_BOT_TOKEN": cast.BOT_TOKEN,
            **(
                {"SLACK_SIGNING_SECRET": cast.SIGNING_SECRET}
                if self._http
                else {"SLACK_APP_TOKEN": cast.APP_TOKEN}
            ),
            "SLACK_API_URL": f"{self.url}/api/",
            "LEGACYTLS_CHANNEL": cast.CHANGES,
            "LEGACYTLS_APPROVERS": cast.APPROVERS,
            "LEGACYTLS_OPERATORS": cast.OPERATORS,
        }

    # What people do

    def command(self, as_: str, text: str, channel: str = cast.CHANGES) -> None:
        """Send a command, as in ``command("U0ALICE", "/legacytls status")``; does not wait for an answer."""
        self.people.command(as_, text, channel)

    def say(self, as_: str, text: str, channel: str = cast.CHANGES) -> None:
        """Post a plain message; the bot learns of it by ``app_mention`` where it is mentioned."""
        self.people.say(as_, text, channel)

    def press(
        self,
        as_: str,
        channel: str | None,
        ts: str,
        action_id: str,
        *,
        value: str | None = None,
        block_id: str | None = None,
        selected: Any = None,
    ) -> None:
        """Press a button or choose in a menu; returns before the bot answers.

        ``ts`` is a message's, or the id of a view (``channel`` is then not looked at). ``block_id`` and
        ``value`` tell elements with the same ``action_id`` apart; ``selected`` is an option's value, an id, a
        date, or a list of them. What the message showed earlier can still be pressed. Raises ``SlackError``
        or ``LookupError`` for what this person does not see.
        """
        self.people.press(as_, channel, ts, Wanted(action_id, block_id, value, selected))

    def submit(self, as_: str, view_id: str, values: JSON | None = None) -> dict[str, str] | None:
        """Fill in a form by block id and send it off; waits for the ack.

        Returns what is wrong, by block id, or ``None``. Text is a string, a date ``YYYY-MM-DD``, a choice the
        option's value, several a list; what is not named keeps what it has.
        """
        return self.people.submit(as_, view_id, values or {})

    def give_file(self, name: str, content: bytes) -> JSON:
        """A file for a form that takes one: ``submit(..., {"file": [give_file("report.csv", b"...")]})``."""
        return self._files.given(name, content)

    def open_home(self, as_: str) -> None:
        """Open the app's Home, which tells the bot; ``home`` is what it then publishes."""
        self.people.open_home(as_)

    def home(self, as_: str) -> JSON | None:
        """Return the App Home last published for this person as Slack's ``view``; ``None`` before."""
        view = self.modals.home(as_)
        return view.as_slack() if view is not None else None

    def shortcut(self, as_: str, callback_id: str) -> None:
        """Use a global shortcut."""
        self.people.shortcut(as_, callback_id)

    def close_view(self, as_: str, view_id: str) -> None:
        """Give a form up."""
        self.people.close_view(as_, view_id)

    def react(self, as_: str, channel: str, ts: str, name: str) -> str | None:
        """Add a reaction; returns the event's id for ``replay``, ``None`` where the bot gets none."""
        return self.people.react(as_, channel, ts, name)

    def unreact(self, as_: str, channel: str, ts: str, name: str) -> str | None:
        """Take a reaction back; returns as ``react``."""
        return self.people.react(as_, channel, ts, name, remove=True)

    # What people see

    def messages(self, channel: str, as_: str | None = None) -> list[JSON]:
        """Return messages for the page, oldest first: what ``as_`` sees, or all with ``ephemeral_to``."""
        return self.workspace.messages(channel, as_)

    def views(self, as_: str) -> list[JSON]:
        """Open modals of this person, topmost last, as Slack's ``view`` objects."""
        return [view.as_slack() for view in self.modals.stack(as_)]

    def dm(self, user: str) -> str:
        """Return the id of this person's direct messages with the bot."""
        return self.workspace.direct(user).id

    def notice(self, user: str) -> str | None:
        """Return what Slack's client told this person went wrong with the last act."""
        return self.workspace.notice(user)

    def file(self, file_id: str) -> bytes:
        """Return the bytes of a file that the bot uploaded."""
        return self._files.content(file_id)

    # What goes wrong, and what was sent

    @property
    def deliveries(self) -> list[Delivery]:
        """Everything sent to the bot, oldest first."""
        return self.carrier.deliveries

    @property
    def connections(self) -> int:
        """How many WebSockets of the bot take payloads; over HTTP 1 while the bot answers."""
        return self.carrier.connections

    def replay(self, event_id: str) -> None:
        """Deliver an event once more, as after a lost ack. Raises ``LookupError``."""
        self.people.replay(event_id)

    def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask every connection to go, as Slack does several times a day."""
        self._server.run(self._socket.dismiss(reason))

    def sever(self) -> None:
        """Drop every connection without a word."""
        self._server.run(self._socket.sever())

    def fault(self, method: str, name: str, count: int = 1, *, seconds: float | None = None) -> None:
        """Order one of ``slack_faults.FAULTS`` for calls of a method, any (``*``) or a ``response_url``."""
        self.faults.add(Fault(method, name, remaining=count, seconds=seconds))

    # Putting together

    def _base(self) -> str:
        return self._server.url

    def _application(self, mount: "Callable[[web.Application, Slack], None]") -> web.Application:
        app = web.Application(client_max_size=LARGEST_BODY)
        WebApi(self._methods(), self.faults, self._scopes).mount(app)
        self._socket.mount(app, SOCKET_PATH)
        if self._http:
            self._http.mount(app)
        self._urls.mount(app)
        self._files.mount(app)
        mount(app, self)
        return app

    def _methods(self) -> dict[str, Method]:
        chat = Chat(self.workspace, base=self._base)
        return {
            "apps.connections.open": Method(self._open_connection, token=cast.APP_TOKEN),
            **Directory(self.workspace, base=self._base, scopes=self._scopes).methods(),
            **chat.methods(),
            **Views(self.modals).methods(),
            **self._files.methods(),
        }

    def _open_connection(self, _arguments: Arguments) -> JSON:
        address = self._server.url.replace("http", "ws", 1)
        return {"url": f"{address}{SOCKET_PATH}?ticket={self._socket.ticket()}&app_id={cast.APP_ID}"}
