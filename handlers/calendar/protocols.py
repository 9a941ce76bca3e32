"""Name the mail protocols that the setting is about as people know them. Pure."""

from storage.records import MailProtocol

PROTOCOL_NAMES = {MailProtocol.SMTP_AUTH: "SMTP AUTH", MailProtocol.POP3: "POP3", MailProtocol.IMAP4: "IMAP4"}
