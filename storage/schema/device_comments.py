"""Comment the register's tables; ``storage.schema.comments`` has all others."""

TABLES: dict[str, tuple[str, dict[str, str]]] = {
    "devices": (
        "The register: one device or application that still needs legacy TLS a row.",
        {
            "id": "Number that people read, such as D12; counted over all tenants, never given twice.",
            "device": "What it is, as typed.",
            "sender": "The mail address it sends as, in small letters.",
            "site": "Where it stands, as typed; may be empty.",
            "protocol": "The protocol it uses.",
            "reason": "Why it cannot speak TLS 1.2, as typed.",
            "plan": "What is to become of it, as typed.",
            "proposer_id": "Slack id of whoever put it on the register.",
            "proposer_enterprise_id": (
                "The same person's id in the whole Enterprise Grid organisation; empty: outside of one."
            ),
            "fingerprint": "SHA-256 of device, site and sender: the same device stands on the register once.",
            "created_at": "When it was put on the register.",
            "owner_id": "Slack id of whoever answers for it; empty: nobody does.",
            "due": "The last day on which it may need legacy TLS.",
            "due_by": "Slack id of whoever set that day.",
            "asked_due": "A later day that waits for an approver; empty: none was asked for.",
            "asked_by": "Slack id of whoever asked for it.",
            "state": "proposed, active, replaced, withdrawn or refused.",
            "version": "Counts the acts on it.",
            "moves": "How often the due day was moved.",
            "active_at": "When a second person agreed to it; empty: never.",
            "ended_at": "When it came off the list; empty: it stands.",
            "changed_at": "When it was acted on last.",
        },
    ),
    "device_acts": (
        "One act on an entry of the register a row. Rows are only added.",
        {
            "device_id": "Number of the entry (devices.id).",
            "seq": "Number of the event that records it (audit_events.seq).",
            "act": "What was done.",
            "person_id": "Who did it: a Slack id, or the bot.",
            "at": "When.",
            "due_before": "The due day before; empty: it is not about that.",
            "due_after": "The due day since then, or the one that was asked for.",
            "why": "As typed.",
            "request_id": "The change that names the entry, where that is the cause.",
        },
    ),
    "reports": (
        "One imported export of the admin centre or of Entra a row. Rows are only added.",
        {
            "seq": "Number of the event that records it (audit_events.seq).",
            "kind": "Which export it is.",
            "first_day": "First day of its period; empty: not told.",
            "last_day": "Last day of its period; empty: not told.",
            "digest": "SHA-256 of the file and how it was read: the same one changes nothing.",
            "row_count": "How many rows it holds.",
            "imported_by": "Who imported it: a Slack id, or the bot for the command line.",
            "imported_at": "When.",
        },
    ),
    "sightings": (
        "What the newest report says of one sender a row; old ones are removed (LEGACYTLS_RETENTION).",
        {
            "sender": "Mail address, in small letters.",
            "report_id": "The report (reports.id); empty: it was seen in sign-ins alone.",
            "as_of": "The last day that the report speaks of, or the day of its import.",
            "imported_at": "When.",
            "tls10": "Share of its messages over TLS 1.0 in percent; empty: not told.",
            "tls11": "Share over TLS 1.1 in percent; empty: not told.",
            "tls12": "Share over TLS 1.2 in percent; empty: not told.",
            "messages": "How many messages it sent; empty: not told.",
            "is_legacy": "Whether anything of it came over TLS 1.0 or 1.1.",
            "last_seen": "The last day on which it was seen.",
        },
    ),
}
"""Table by table: the comment, and that of each column which does not mean the same everywhere."""
