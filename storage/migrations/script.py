"""A migration is the SQL file beside it: statements end with `;` at the end of a line."""

from pathlib import Path

from alembic import op


def run_sql(migration: str) -> None:
    """Run the SQL of the migration whose `__file__` is given."""
    connection = op.get_bind()
    for statement in Path(migration).with_suffix(".sql").read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
