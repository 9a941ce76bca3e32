"""Where to find what a setting holds: for whoever left it out, and for whoever is asked for it."""

from collections.abc import Mapping

_SLACK = "copy it from the Slack app's page"

WHERE: Mapping[str, str] = {
    "SLACK_BOT_TOKEN": f"{_SLACK} OAuth & Permissions (xoxb-…)",
    "SLACK_APP_TOKEN": f"for Socket Mode {_SLACK} Basic Information (xapp-…)",
    "SLACK_SIGNING_SECRET": f"for HTTP {_SLACK} Basic Information",
    "LEGACYTLS_CHANNEL": "write the id of the channel for change requests (C…)",
    "LEGACYTLS_APPROVERS": "Slack ids of people (U…) and user groups (S…); without one nobody could approve",
    "AZURE_TENANT_ID": "write the tenant's id (Entra, Overview)",
    "AZURE_CLIENT_ID": "write the application's id (Entra, App registrations)",
    "AZURE_CLIENT_CERTIFICATE_PATH": "PEM or PFX, certificate and private key (docs/install.md, step 2)",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD": "the password of that file, if it has one",
    "AZURE_CLIENT_SECRET": "Entra, the app's page Certificates & secrets: the value, not the id",
    "AZURE_CLIENT_SECRET_EXPIRES": "the day that Entra shows beside the secret, such as 2027-03-31",
    "AZURE_FEDERATED_TOKEN_FILE": "workload identity: the file that the platform keeps fresh",
    "AZURE_MANAGED_IDENTITY": "true, where this machine has a managed identity",
    "EXCHANGE_CLOUD": "worldwide, gcc, gcc-high, dod or 21vianet",
    "DATABASE_URL": "SQLite or PostgreSQL, such as postgresql://legacytls@db.example.com/legacytls",
    "LEGACYTLS_RECORD_KEY": "authenticates the record; keep a copy away from the database and its backups",
    "LEGACYTLS_TIMEZONE": "for days and hours that people read, such as Europe/Berlin",
}
"""By the setting's name. Those that the bot cannot start without are among them."""
