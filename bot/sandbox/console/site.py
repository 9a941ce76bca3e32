"""Put the page on the simulated Slack: files, state, acts, and the guard before all of them."""

from aiohttp import web

from bot.sandbox.console.acts import PersonActs, WorldActs
from bot.sandbox.console.controls import Controls
from bot.sandbox.console.server import Console, Scene, own_page_only
from bot.sandbox.slack.simulation import Slack
from handlers.suggested import COMMAND


class Site:
    """The page of one sandbox; ``controls`` may be replaced at any time."""

    def __init__(self, controls: Controls | None = None) -> None:
        self.controls = controls or Controls()

    def mount(self, app: web.Application, slack: Slack) -> None:
        """Add the page's routes to the server of ``slack``."""
        app.middlewares.append(own_page_only)
        scene = Scene(slack.workspace, slack.modals, slack.carrier, COMMAND, lambda: self.controls)
        world = WorldActs(lambda: self.controls, slack.faults, slack.workspace.member)
        people = PersonActs(slack.people, slack.give_file, lambda: slack.workspace.clock().date())
        Console(scene, people.acts() | world.acts()).mount(app)
