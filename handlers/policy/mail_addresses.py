"""Read mail addresses as people type them: whole, or not at all. Pure.

A part of an address is another person's address, so nothing here searches for one inside a text. What counts
as one is RFC 5322 and RFC 6531 as the library ``email-validator`` reads them; nothing is looked up in DNS.
"""

from email_validator import EmailNotValidError, validate_email

APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'"})
"""Phones and word processors put curly ones where the address has a straight one."""


def mailbox(text: str) -> str | None:
    """Return the one address in ``text``; ``None`` when none, several, or no dot behind the ``@``.

    Letters keep their case and script; a curly apostrophe becomes a straight one.
    """
    typed = text.strip().translate(APOSTROPHES)
    try:
        found = validate_email(
            typed, check_deliverability=False, test_environment=True, globally_deliverable=False
        )
    except EmailNotValidError:
        return None
    return typed if "." in found.ascii_domain else None


def ascii_domain(address: str) -> str:
    """Return the domain of a ``mailbox`` address in small ASCII letters (``xn--...`` if needed)."""
    found = validate_email(
        address, check_deliverability=False, test_environment=True, globally_deliverable=False
    )
    return found.ascii_domain.lower()


def as_ascii(domain: str) -> str:
    """Return a domain as DNS has it, in small ASCII letters; other text is only lowered."""
    try:
        return ascii_domain(f"anybody@{domain}")
    except EmailNotValidError:
        return domain.lower()
