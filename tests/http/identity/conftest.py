import pytest

from harness.installation import Installation


@pytest.fixture(autouse=True)
def no_throttles(installation: Installation) -> None:
    """Every test comes from the same address: none waits for the failures of another."""
    installation.sql("DELETE FROM throttles")
