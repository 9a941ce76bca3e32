"""Decide where the bot may post or connect when Slack, or a forged payload, names it.

A ``response_url`` comes with a payload and is posted the live value, so a payload that only looks like
Slack's must not choose who reads it. Beside Slack's own hosts there is the host of ``SLACK_API_URL``, for a
gateway that stands in front of Slack; where that is this machine (the sandbox, a test), any port of it.
"""

from typing import Final

from handlers.context.web_addresses import Address, taken_apart

HOOKS: Final = ("hooks.slack.com", "hooks.slack-gov.com")
"""Where ``response_url``s lead (docs.slack.dev/interactivity/handling-user-interaction). GovSlack runs under
slack-gov.com (api.slack-gov.com/gov-slack/about)."""

FILES: Final = ("files.slack.com", "files.slack-gov.com")
"""Where files are handed out (docs.slack.dev/reference/objects/file-object), and where
``files.getUploadURLExternal`` sends uploads to (``slack_sdk.WebClient.files_upload_v2``, step 2)."""

SOCKET_DOMAINS: Final = ("slack.com", "slack-gov.com", "slack-msgs.com")
"""Domains of Slack below which ``apps.connections.open`` names hosts, such as ``wss-primary.slack.com``
(docs.slack.dev/reference/methods/apps.connections.open); below ``slack-msgs.com`` in its older answers."""

USUAL_PORT: Final = 443


class Elsewhere(ValueError):
    """Refuse an address neither of Slack's nor of ``SLACK_API_URL``'s host, without repeating it."""


class Destinations:
    """Judges addresses for a bot whose ``SLACK_API_URL`` is ``api_url``."""

    def __init__(self, api_url: str) -> None:
        self._api = taken_apart(api_url)

    def hook(self, url: str) -> Address:
        """Take a ``response_url`` apart. Raises ``Elsewhere``."""
        address = _parts(url)
        return self._checked(address, {"https", "http"}, own=address.host in HOOKS)

    def upload(self, url: str) -> Address:
        """Take an ``upload_url`` apart. Raises ``Elsewhere``."""
        address = _parts(url)
        return self._checked(address, {"https", "http"}, own=address.host in FILES)

    def download(self, url: str) -> Address:
        """Take the ``url_private_download`` of a file apart, to which the token is sent.

        Raises ``Elsewhere``.
        """
        return self.upload(url)

    def socket(self, url: str) -> Address:
        """Take the address of a Socket Mode connection apart. Raises ``Elsewhere``."""
        address = _parts(url)
        return self._checked(address, {"wss", "ws"}, own=address.below(SOCKET_DOMAINS))

    def _checked(self, address: Address, schemes: set[str], *, own: bool) -> Address:
        slacks = own and address.encrypted and address.port == USUAL_PORT
        if address.scheme not in schemes or not (slacks or self._is_configured(address)):
            raise Elsewhere("the address is not one of Slack's")
        return address

    def _is_configured(self, address: Address) -> bool:
        if self._api.stays_here:
            return address.stays_here
        return (
            address.host == self._api.host
            and address.encrypted
            and address.port in {USUAL_PORT, self._api.port}
        )


def _parts(url: str) -> Address:
    try:
        return taken_apart(url)
    except ValueError:
        raise Elsewhere("the address is not one of Slack's") from None
