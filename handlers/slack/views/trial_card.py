"""Draw the card that `legacytls check --post` sends and takes away again."""

from handlers.slack.views.blocks import Message, header, section

TITLE = "Test card of legacytls check"
TEXT = "Nothing is asked, and nothing is changed. It is taken away again."


def trial_card() -> Message:
    """Draw a card of the kind that requests have, without a button."""
    return Message(text=f"{TITLE}. {TEXT}", blocks=[header(TITLE), section(TEXT)])
