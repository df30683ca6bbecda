"""Long polls: many sleep, all wake, and whoever may no longer read is told so."""

import threading
import time
from typing import Any

import httpx

from harness.installation import Installation
from harness.people import Newsroom, Person

WAITERS = 60


def test_one_publication_wakes_every_waiter(installation: Installation, newsroom: Newsroom) -> None:
    url = installation.second_api(LANTOA_RESPONSE_CACHE="on")
    try:
        tokens = [installation.client_token(installation.new_client("baobinhthuan")) for _ in range(4)]
        readers = [Person(url, token) for token in [*tokens, None]]
        head = readers[-1].get("/v1/channels/public-web").json()["cursor"]
        asking: dict[str, Any] = {"since": head, "wait": 20}
        reported: list[httpx.Response] = []
        waiters = [
            threading.Thread(
                target=lambda reader: reported.append(reader.get("/v1/channels/public-web/changes", params=asking)),
                args=(reader,),
            )
            for reader in readers * (WAITERS // len(readers))
        ]
        for each in waiters:
            each.start()
        deadline = time.monotonic() + 10
        while installation.measured(url)["lantoa_polls_waiting"] < WAITERS:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        before = asked(installation, url)
        material = newsroom.published()
        for each in waiters:
            each.join(5)
        assert len(reported) == WAITERS
        assert {answer.status_code for answer in reported} == {200}
        assert {answer.json()["changes"][0]["id"] for answer in reported} == {material["id"]}
        time.sleep(1.2)
        assert asked(installation, url) - before < WAITERS / 2, "they asked one by one"
    finally:
        installation.stop_api(url)


def asked(installation: Installation, url: str) -> float:
    measured = installation.measured(url)
    return sum(v for k, v in measured.items() if k.startswith("lantoa_responses_total") and 'source="application"' in k)


def test_a_caller_whose_session_ends_while_it_waits_gets_401(installation: Installation, newsroom: Newsroom) -> None:
    client = installation.new_client("baobinhthuan")
    token = installation.client_token(client)
    reader = Person(installation.url, token)
    head = reader.get("/v1/channels/press").json()["cursor"]
    reported: list[httpx.Response] = []
    asking: dict[str, Any] = {"since": head, "wait": 20}
    waiter = threading.Thread(target=lambda: reported.append(reader.get("/v1/channels/press/changes", params=asking)))
    waiter.start()
    time.sleep(1)
    auth = (client["client_id"], client["client_secret"])
    httpx.post(f"{installation.url}/oauth/revoke", data={"token": token}, auth=auth).raise_for_status()
    time.sleep(5.2)
    newsroom.published()
    waiter.join(5)
    assert [answer.status_code for answer in reported] == [401]
