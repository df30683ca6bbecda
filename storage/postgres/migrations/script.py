"""A migration is the SQL file beside it, sent as one script inside the migration's transaction."""

from pathlib import Path

from alembic import op
from sqlalchemy.util import await_only


def run_sql(migration: str) -> None:
    """Run the SQL of the migration whose `__file__` is given."""
    connection = op.get_bind()
    connection.exec_driver_sql("SELECT 1")  # the adapter opens its transaction with its first statement
    driver = connection.connection.driver_connection
    assert driver is not None
    await_only(driver.execute(Path(migration).with_suffix(".sql").read_text(encoding="utf-8")))
