"""Bolt over the house's listeners, without any network."""

import pytest
from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from handlers.slack.listeners.registration import register
from tests.handlers.driver import House
from tests.handlers.fakes import HOME_TEAM

KNOWN = AuthorizeResult(
    enterprise_id=None, team_id=HOME_TEAM, bot_user_id="U0LEGACY", bot_id="B0LEGACY", bot_token="xoxb-none"
)


@pytest.fixture
def bolt(house: House) -> App:
    """Bolt without any network: who it is was told before, and nothing listens at the client's address."""
    app = App(
        client=WebClient(token="xoxb-none", base_url="http://127.0.0.1:9/", retry_handlers=[]),
        authorize=lambda **context: KNOWN,
        process_before_response=True,
        token_verification_enabled=False,
        request_verification_enabled=False,
        ssl_check_enabled=False,
    )
    register(app, house.edge)
    return app
