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


@pytest.fixture(autouse=True)
def no_throttles(request: pytest.FixtureRequest) -> None:
    """All tests of a process share an address: none waits for the failed sign-ins of another."""
    if "installation" in request.fixturenames:
        request.getfixturevalue("installation").sql("DELETE FROM throttles")
