"""What every table's definition begins with: the one collection of tables, and the tenant's column."""

from sqlalchemy import Column, ForeignKey, MetaData, String

metadata = MetaData()


def tenant() -> Column[str]:
    """The column that says whose row it is."""
    return Column("tenant_id", String(64), nullable=False)


def authenticator() -> Column[str]:
    """Define the column that proves that the bot wrote the row; ``None`` where it ran without a key."""
    return Column("authenticator", String(96))


def of_request() -> Column[int]:
    """Define the column that names the change a row is of."""
    return Column("request_id", ForeignKey("change_requests.id"), nullable=False)
