"""What identity costs and what it gives away: no query for a remembered token, no clue which clients exist."""

import asyncio
import statistics
import time
from uuid import uuid4

import asyncpg
import httpx
import pytest

from harness.installation import Installation, finished
from harness.people import Person
from storage.postgres.connections import parse_url

TOLD = 0.15
"""Medians of answers to a wrong secret and to an unknown client may differ by so much; a network hides far more."""


def test_a_remembered_token_costs_no_query_about_its_session(installation: Installation) -> None:
    known = Person(installation.url, installation.member_token("bientap.stttt"))
    fresh = installation.member_token("bientap.stttt")
    assert known.get("/v1/desk/materials?limit=1").status_code == 200

    async def work() -> tuple[int, int]:
        connection = await asyncpg.connect(**parse_url(installation.environ["LANTOA_DATABASE_URL"]))
        headers = {"authorization": f"Bearer {fresh}"}
        try:
            async with connection.transaction(), httpx.AsyncClient(base_url=installation.url) as client:
                await connection.execute("LOCK TABLE sessions, clients, members IN ACCESS EXCLUSIVE MODE")
                remembered = await client.get("/v1/desk/materials?limit=1", headers=dict(known.headers))
                looking = asyncio.create_task(client.get("/v1/desk/materials?limit=1", headers=headers, timeout=30))
                await asyncio.sleep(0.5)
                assert not looking.done(), "a token that nobody remembers must be looked up"
            async with asyncio.timeout(20):
                return remembered.status_code, (await looking).status_code
        except httpx.ReadError:
            return remembered.status_code, 0
        finally:
            await connection.close()

    status, _ = finished(work())
    assert status == 200


@pytest.mark.alone
@pytest.mark.timeout(120)
def test_a_wrong_secret_and_an_unknown_client_take_the_same_time(installation: Installation) -> None:
    """Medians of 150 interleaved pairs; one of three rounds within TOLD is enough (noise only ever adds)."""
    client = installation.new_client("daituyphong")["client_id"]
    form = {"grant_type": "client_credentials"}

    def taken(http: httpx.Client, client_id: str) -> float:
        start = time.perf_counter()
        answer = http.post("/oauth/token", data=form, auth=(client_id, "wrong-secret-wrong-secret"))
        assert answer.status_code == 401, answer.text
        return time.perf_counter() - start

    for _ in range(3):
        wrong, unknown = [], []
        with httpx.Client(base_url=installation.url) as http:
            for number in range(150):
                if number % 20 == 0:  # an address may fail fifty times
                    installation.sql("DELETE FROM throttles")
                wrong.append(taken(http, client))
                unknown.append(taken(http, f"daituyphong-{uuid4().hex[:8]}"))
        one, two = statistics.median(wrong), statistics.median(unknown)
        if abs(one - two) / min(one, two) <= TOLD:
            return
    pytest.fail(f"medians {one * 1000:.2f} ms and {two * 1000:.2f} ms")


def test_the_client_credentials_fast_path_answers_like_authlib(installation: Installation) -> None:
    """The same request with and without the quick way (a parameter that Authlib ignores closes it)."""
    client = installation.new_client("daituyphong", scopes=frozenset({"content:read", "calendar:read"}))
    auth = (client["client_id"], client["client_secret"])

    def token_response(**form: str) -> tuple[int, dict[str, object], dict[str, str]]:
        data = {"grant_type": "client_credentials"} | form
        answer = httpx.post(f"{installation.url}/oauth/token", data=data, auth=auth)
        body = {key: value for key, value in answer.json().items() if key != "access_token"}
        kept = {key: value for key, value in answer.headers.items() if key not in ("date", "content-length")}
        return answer.status_code, body, kept

    for form in (
        {},
        {"scope": "content:read"},
        {"scope": "calendar:read  content:read"},
        {"scope": "content:write"},
        {"scope": ""},
    ):
        assert token_response(**form) == token_response(**form, resource="ignored"), form
    rows = "SELECT actor, verb, thing FROM audit WHERE actor = $1 AND verb = 'token.issue'"
    issued = installation.sql(rows, f"client:{client['client_id']}")
    assert len(issued) == 8
    assert len({tuple(row.items()) for row in issued}) == 1


def test_the_client_credentials_fast_path_sees_every_change_of_its_client_at_once(installation: Installation) -> None:
    client = installation.new_client("daituyphong")
    assert installation.client_token(client)
    installation.sql("UPDATE clients SET active = false WHERE id = $1", client["client_id"])
    form, auth = {"grant_type": "client_credentials"}, (client["client_id"], client["client_secret"])
    assert httpx.post(f"{installation.url}/oauth/token", data=form, auth=auth).status_code == 401
    changed = "UPDATE clients SET active = true, scopes = '{calendar:read}', revision = revision + 1 WHERE id = $1"
    installation.sql(changed, client["client_id"])
    assert httpx.post(f"{installation.url}/oauth/token", data=form, auth=auth).json()["scope"] == "calendar:read"
