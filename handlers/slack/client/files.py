"""Read a file given in a form from Slack's own hosts, by the bot's token (``files:read``)."""

from slack_sdk.errors import SlackClientError

from handlers.ports import Unavailable
from handlers.slack.client.web_api import Redirected, SlackWebClient

NOT_GIVEN = "Slack did not hand out the file."
NOT_GIVEN_MEND = (
    "Have the app reinstalled from manifest.yml, so that it may read files (files:read), then try again."
)


def fetched(client: SlackWebClient, address: str, most: int) -> bytes:
    """The first ``most`` bytes of a file. Raises ``Unavailable``."""
    try:
        return client.read_file(address, most)
    except Redirected:  # to the page where people sign in
        raise Unavailable(NOT_GIVEN, mend=NOT_GIVEN_MEND, retryable=False) from None
    except SlackClientError as lost:
        raise Unavailable(f"{NOT_GIVEN[:-1]}: {lost}.", mend="Try again in a moment.") from None
