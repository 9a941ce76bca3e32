"""Whose certificates are believed towards Slack. ``requests`` sees to Entra and Exchange; verification is never turned off."""

import ssl

from bot.settings import WrongSettings, own_authorities


def trusting() -> ssl.SSLContext:
    """The system's authorities, and the operator's own: where a proxy inspects TLS, it does so towards Slack as well.

    Raises ``WrongSettings``.
    """
    context, own = ssl.create_default_context(), own_authorities()
    if own is not None:
        try:
            context.load_verify_locations(*((None, own) if own.is_dir() else (own,)))
        except OSError:
            mend = "name a PEM file, or a folder, of certificate authorities that this account may read"
            raise WrongSettings([f"REQUESTS_CA_BUNDLE: cannot be used; {mend}"]) from None
    return context
