import os
from collections.abc import Iterator

import pytest

from harness.installation import Installation
from harness.people import Newsroom


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    """One for each test process; tests share it and make their own materials."""
    made = Installation(os.environ.get("PYTEST_XDIST_WORKER", "main"))
    made.start()
    yield made
    leaks = made.leaked()
    made.stop()
    assert leaks == [], "a secret was written to a log or to the audit trail"


@pytest.fixture(scope="session")
def newsroom(installation: Installation) -> Newsroom:
    return Newsroom(installation)
