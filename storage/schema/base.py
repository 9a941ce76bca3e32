"""What every table's definition begins with: the one collection of tables, and the tenant's column."""

from sqlalchemy import Column, MetaData, String

metadata = MetaData()


def tenant() -> Column[str]:
    """The column that says whose row it is."""
    return Column("tenant_id", String(64), nullable=False)
