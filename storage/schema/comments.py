"""What each table and column means, for whoever looks at the database itself: comments of PostgreSQL.

SQLite has none. A new table or column gets its line here and its comment in the migration that makes it;
changed words need a migration of their own (``comment_on`` once more).
"""

from sqlalchemy import Connection, MetaData

from storage.schema.device_tables import DEVICE_COMMENTS

_ID = "Number of the row, counted up."
_REQUEST = "Number of the change request (change_requests.id)."
_TENANT = "Entra id of the tenant that the row belongs to."
_PERSON = "Slack id of the person."
_VALUE = "not set, opted in or opted out: the setting AllowLegacyTLSClients."
_KEY = "What tells it from every other one of the tenant: the same key is kept once."
_CLAIM = (
    "Until when a process has it in hand, in milliseconds since 1970 by the clock of the database; 0: nobody."
)
_CORRELATION = "Id that the logs carry for everything about one act."
_AUTHENTICATOR = "Made of the row with a key that is kept outside the database; empty: made without a key."

TABLES: dict[str, tuple[str, dict[str, str]]] = {
    "change_requests": (
        "One wish to change the setting a row, opt-outs and changes made outside the bot included.",
        {
            "id": "Number that people read, such as #12; counted over all tenants, never given twice.",
            "kind": (
                "opt_in, extension, shortening (an earlier end), opt_out, or a change made outside the bot."
            ),
            "requester_id": "Slack id of whoever asked; empty: the bot itself, or somebody outside it.",
            "requester_enterprise_id": (
                "The same person's id in the whole Enterprise Grid organisation; empty: outside of one."
            ),
            "door": "By which way it was asked: button, reaction, command, or the bot itself.",
            "reason": "Why, as typed.",
            "clients": "The devices that need it and their owners, as typed.",
            "protocols": "The protocols that are meant, separated by commas.",
            "from_value": "The value that was live when it was asked; " + _VALUE,
            "to_value": "The value that is wanted; " + _VALUE,
            "window_end": "When an opt-in ends; empty: none was wished for.",
            "rule_digest": "Digest of the rule that held when it was asked (rules.digest).",
            "created_at": "When it was asked.",
            "expires_at": "When it expires undecided; empty: never.",
            "state": "Where it stands in its life (docs/architecture.md has the chart).",
            "version": "Raised by each move and vote: what was decided by an older one does not count.",
            "detail": "The sentence that explains the present state to people.",
            "retry_at": "When it is tried, or looked up, again; empty: nothing is waited for.",
            "sent_at": "When the write was sent to Exchange; empty: never.",
            "settled_at": "When it came to its end; empty: it is open.",
            "correlation_id": _CORRELATION,
            "waiting": (
                "What an open request waits for, as far as something is decided by it; empty: nothing is."
            ),
            "devices": (
                "The entries of the register that it names, each with its due day, in JSON; empty: it "
                "names none."
            ),
            "ticket": (
                "The number of the change ticket, as it was typed; empty: none was asked for, or given."
            ),
        },
    ),
    "decisions": (
        "One vote of one person a row. Rows are only added; the newest of a person counts.",
        {
            "vote": "approve, reject or taken_back.",
            "door": "By which way it was cast: button, reaction, or taken back by the bot.",
            "digest": "Digest of the content that was shown to whoever voted.",
            "voted_at": "When it was cast, by the event's own time.",
            "recorded_at": "When it was kept.",
        },
    ),
    "reasons": (
        "Why a request was rejected, in the words of whoever rejected it. Never altered.",
        {"reason": "As typed.", "given_at": "When it was given."},
    ),
    "attempts": (
        "One step of talking to Exchange about a request. Rows are only added, the first before the call.",
        {
            "step": "sending, answered or read_back.",
            "at": "When.",
            "client_request_id": "The id under which Exchange logs the call.",
            "value": "What was read; " + _VALUE,
            "detail": "What came back, without secrets.",
            "outcome": (
                "Of an answer: accepted, refused, not_processed or unknown; empty: another step, or an "
                "earlier version."
            ),
        },
    ),
    "observations": (
        (
            "Readings of the live setting that followed each other and told the same. Old rows are removed "
            "(LEGACYTLS_RETENTION)."
        ),
        {
            "at": "When it was read; the last time, of several.",
            "first_at": "When it was read for the first time, of several; empty: it was read once.",
            "readings": "How many readings told it, none far behind the one before; empty: one.",
            "value": "Empty: it could not be read; else " + _VALUE,
            "smtp_auth_disabled": "Whether SMTP AUTH is off for the whole organisation; empty: not told.",
            "organization": "Initial domain, as Exchange answered.",
            "problem": "Why it could not be read.",
            "changed_at": "When the domain controller that answered last knew of a change (WhenChangedUTC).",
        },
    ),
    "baselines": (
        "What the live value ought to be: what was last applied or announced. One row a tenant.",
        {
            "value": _VALUE,
            "since": "Since when.",
            "request_id": "The change request that made it so; empty: the first reading.",
            "window_end": "When the opt-in ends; empty: no end.",
        },
    ),
    "organizations": (
        "The tenant's initial domain, compared with every answer before a write.",
        {"name": "The initial domain."},
    ),
    "rules": (
        "One rule of who may decide a row, as it was configured. Rows are only added; the newest holds.",
        {
            "digest": "SHA-256 of the body.",
            "body": "The rule in canonical JSON.",
            "since": "Since when it holds.",
        },
    ),
    "audit_events": (
        "The record: one event a row, chained by hashes. Rows are only added.",
        {
            "seq": "Number of the event in the tenant's chain, from 1 without a gap.",
            "at": "When.",
            "kind": "What happened.",
            "actor": "Who did it: a Slack id, or the bot.",
            "request_id": "Number of the change request; empty: it is about none.",
            "payload": "The facts in canonical JSON.",
            "prev_hash": "Hash of the event before; 64 zeros before the first.",
            "hash": "SHA-256 of the event in canonical JSON, prev_hash included.",
        },
    ),
    "notices": (
        "The outbox: one message owed to Slack a row, written in the transaction that owes it.",
        {
            "kind": "Which message.",
            "key": _KEY,
            "request_id": "Number of the change request; empty: it is about none.",
            "recipient": "Slack id of the person; empty: the configured channel.",
            "channel": "Where an answer that only its reader sees belongs; empty: a direct message.",
            "facts": "What the message needs beyond its request, in JSON.",
            "created_at": "When it was owed.",
            "due_at": "When it is tried next.",
            "tries": "How often it was tried.",
            "problem": "Why the last try failed.",
            "delivered_at": "When Slack took it; empty: it is owed still.",
            "posted_channel": "Where Slack put it.",
            "posted_ts": "Slack's time stamp of the message.",
            "what": "What an announcement is about, as its facts say; empty: it is none.",
        },
    ),
    "reminder_answers": (
        "What people answered to reminders: later, or done. Rows are only added.",
        {
            "series": "The series of reminders.",
            "key": "The reminder that was answered (notices.key).",
            "reply": "snoozed or done.",
            "until": "Until when it is put off; empty: for ever.",
            "answered_at": "When.",
        },
    ),
    "cards": (
        "Each copy of a request's message in Slack, so that all of them are redrawn.",
        {
            "channel": "Slack id of the conversation.",
            "ts": "Slack's time stamp of the message.",
            "drawn_version": "The request's version that it shows.",
        },
    ),
    "permalinks": (
        "Where the newest copy of a request's message is found in Slack.",
        {"link": "Slack's own permalink; nothing is decided by it."},
    ),
    "probes": (
        "What was last found of each endpoint and TLS version; nothing is decided by it.",
        {
            "host": "The endpoint's name or address.",
            "port": "Its TCP port.",
            "tls": "The version of TLS: 1.0, 1.1, 1.2 or 1.3.",
            "accepted": "Whether it was taken when last seen; empty: it could never be told.",
            "since": "When it was first seen so.",
            "seen_at": "When it was last seen so.",
            "tried_at": "When it was last probed, with whatever outcome.",
        },
    ),
    **DEVICE_COMMENTS,
    "streams": (
        "How far each receiver of the stream of events has got: one row a receiver.",
        {
            "receiver": "SHA-256 of the receiver's address.",
            "seq": "Number of the last event that was taken; 0: none yet.",
            "hash": "Hash of that event: where the record has another one, everything is sent anew.",
            "taken_at": "When it was taken.",
            "tries": "How often the next event was not taken.",
            "problem": "Why not, when it was last tried.",
            "next_at": "When it is tried again; empty: at once.",
        },
    ),
    "homes": (
        (
            "What each person's App Home was first seen to show with its buttons; a press on an older page "
            "does not count."
        ),
        {
            "digest": "SHA-256 of exactly what is approved there.",
            "shown_at": "Since when a press on it counts.",
        },
    ),
    "inbox": (
        "What Slack delivered, kept before it is acknowledged, until it is done.",
        {
            "key": _KEY,
            "kind": "Which act.",
            "payload": "What is needed of it, in JSON; no response_url and no trigger_id.",
            "received_at": "When it arrived.",
            "done_at": "When it was done; empty: it waits.",
            "correlation_id": _CORRELATION,
            "problem": "Why it was put aside.",
        },
    ),
    "leases": (
        (
            "Which process has which job: one row a duty and tenant. Some other rights, such as to export, "
            "are rows here as well."
        ),
        {
            "name": "The duty and the tenant, or another right.",
            "holder": (
                "The process that has it, or had it last: host, number and chance; empty: nobody ever had."
            ),
            "epoch": "Counted up whenever the holder changes.",
            "until": "Until when, in milliseconds since 1970 by the clock of the database.",
            "tenant_id": "Entra id of the tenant; empty: no job, or last taken by an earlier version.",
            "duty": "What is done for the tenant; empty: as above.",
            "due_at": "When it is due again; empty: the ledger's other tables tell.",
            "attempts": "How often in a row it has ended otherwise than done; empty: never.",
            "outcome": (
                "How it ended: done, stuck, unreachable or failed; empty: it is under way, was cut short, "
                "or never begun."
            ),
        },
    ),
}
"""Table by table: the comment, and that of each column which does not mean the same everywhere."""

EVERYWHERE = {
    "id": _ID,
    "tenant_id": _TENANT,
    "request_id": _REQUEST,
    "person_id": _PERSON,
    "claimed_until": _CLAIM,
    "authenticator": _AUTHENTICATOR,
}
"""Columns that mean the same wherever they are."""


def of_column(table: str, column: str) -> str | None:
    """The comment of a column; ``None`` where nobody wrote one."""
    return TABLES.get(table, ("", {}))[1].get(column, EVERYWHERE.get(column))


def describe(metadata: MetaData) -> None:
    """Put the comments on the tables as SQLAlchemy sees them."""
    for table in metadata.tables.values():
        table.comment = TABLES.get(table.name, (None, {}))[0]
        for column in table.columns:
            column.comment = of_column(table.name, column.name)


def comment_on(connection: Connection, there: dict[str, list[str]]) -> None:
    """Comment the columns that are there, by table, in PostgreSQL."""
    if connection.dialect.name != "postgresql":
        return
    for table, columns in there.items():
        if table in TABLES:
            connection.exec_driver_sql(f"COMMENT ON TABLE {table} IS {_literal(TABLES[table][0])}")
            for column in columns:
                if text := of_column(table, column):
                    connection.exec_driver_sql(f'COMMENT ON COLUMN {table}."{column}" IS {_literal(text)}')


def _literal(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
