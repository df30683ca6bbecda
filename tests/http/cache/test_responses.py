"""The response cache changes nothing but speed: thousands of requests, with it and without it, have the same answers."""

import asyncio
import gc
import random
import time
import weakref
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.cache.memo import MemoizedReply
from api.cache.responses import CachedResponse, CachePolicy
from api.callers.tokens import Caller
from api.http.metrics import Counts
from api.http.rate_limits import Bucket
from harness.installation import Installation
from harness.people import Newsroom, Person

pytestmark = pytest.mark.alone
SEED = 3250
ROUNDS = 6
ASKED = 350
WINDOW = 30
"""Addresses of media are signed anew every so many seconds."""
CODINGS = [
    None,
    None,
    "identity",
    "gzip",
    "br",
    "zstd",
    "gzip, deflate, br, zstd",
    "gzip;q=0.5, br;q=0.4",
    "*",
    "x",
    "",
]


@pytest.fixture(scope="module")
def both(installation: Installation) -> Iterator[tuple[str, str]]:
    urls = installation.second_api(LANTOA_RESPONSE_CACHE="on"), installation.second_api(LANTOA_RESPONSE_CACHE="off")
    yield urls
    for url in urls:
        installation.stop_api(url)


class World:
    """What may be asked: real and unreal channels, cursors, materials, files and tokens."""

    def __init__(self, installation: Installation, newsroom: Newsroom, chance: random.Random) -> None:
        self.chance = chance
        self.newsroom = newsroom
        granted, other = installation.new_client("baobinhthuan"), installation.new_client("daiphuquy")
        tokens = [installation.client_token(each) for each in (granted, granted, other)]
        tokens += [installation.member_token("dieuphoi.stttt"), installation.member_token("bientap.congan")]
        lost = Person(installation.url, tokens[2]).get("/v1/me").json()["organization"]["id"]
        for act in (newsroom.coordinator.put, newsroom.coordinator.delete):
            act(f"/v1/channels/press/grants/{lost}").raise_for_status()
        self.tokens = [None, None, None, "nonsense", *tokens, *tokens]
        self.materials = [newsroom.published() for _ in range(4)]
        self.cursors = ["nonsense", "00000000-00000000-0", ""]
        page = newsroom.coordinator.get("/v1/channels/district-radio/changes?limit=100").json()
        self.assets = [a["id"] for c in page["changes"] for a in c.get("item", {}).get("assets", [])][:4]
        self.tags = ['"1"', '"2"', "*", 'W/"1"', '"x", "1"', "nonsense"]
        self.look()

    def look(self) -> None:
        """See where the channels stand now."""
        for slug in ("public-web", "press"):
            head = self.newsroom.coordinator.get(f"/v1/channels/{slug}").json()["cursor"]
            first, middle = head.rsplit("-", 1)[0], int(head.rsplit("-", 1)[1], 16)
            self.cursors += [head, f"{first}-{middle - 3:x}", f"{first}-fffffff", f"{first}-0"]
            self.tags += [f'"{head}"', f'W/"{head}"']
        self.cursors, self.tags = self.cursors[-20:], self.tags[-20:]

    def write(self) -> None:
        """Somebody publishes, corrects, kills."""
        self.materials.append(self.newsroom.published(kind=self.chance.choice(["article", "article"])))
        chosen = self.chance.randrange(len(self.materials))
        if self.chance.random() < 0.5:
            material = self.newsroom.corrected(self.materials.pop(chosen), "Sửa", title=f"Lần {time.monotonic()}")
            self.materials.append(material)
        else:
            self.newsroom.killed(self.materials[chosen])
            del self.materials[chosen]
        self.look()

    def request(self) -> dict[str, Any]:
        pick = self.chance.choice
        query: list[tuple[str, str]] = []
        match self.chance.randrange(10):
            case 0 | 1 | 2 | 3 | 4:
                path = f"/v1/channels/{pick(['public-web'] * 4 + ['press'] * 4 + ['district-radio', 'none'])}/changes"
                for name, values in (
                    ("since", [None] * 6 + self.cursors),
                    ("limit", [None] * 6 + ["1", "3", "3", "100", "500", "0", "501", "x"]),
                    ("wait", [None] * 30 + ["0", "21", "x", "1"]),
                    ("other", [None] * 50 + ["1"]),
                ):
                    if (value := pick(values)) is not None:
                        query += [(name, value)] * (2 if self.chance.random() < 0.02 else 1)
            case 5 | 6:
                path = f"/v1/materials/{pick([m['id'] for m in self.materials] + ['019a0000-0000-7000-8000-000000000000'])}"
                path += pick([""] * 6 + ["/versions", "/versions/1", "/versions/2", "/versions/99"])
            case 7 | 8:
                path = f"/v1/media/{pick(self.assets)}/{pick(['original'] * 9 + ['none'])}"
                if self.chance.random() < 0.1:
                    query = [("delivery", "proxy")]
            case _:
                path = pick(["/v1/changes", "/v1/channels", "/v1/channels/press", "/v1/me"])
        self.chance.shuffle(query)
        return {"method": pick(["GET"] * 6 + ["HEAD"]), "url": path, "params": query, "headers": self.headers()}

    def headers(self) -> list[tuple[str, str]]:
        pick = self.chance.choice
        token = pick(self.tokens)
        made = [("authorization", f"Bearer {token}")] if token else []
        for name, values in (
            ("if-none-match", [None] * 12 + self.tags),
            ("accept-encoding", CODINGS),
            ("accept-language", [None, "en", "vi"]),
            ("origin", [None, None, "https://example.org"]),
            ("range", [None] * 8 + ["bytes=0-9"]),
        ):
            if (value := pick(values)) is not None:
                made += [(name, value)] * (2 if self.chance.random() < 0.01 else 1)
        return made


def raw_response(client: httpx.Client, request: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
    with client.stream(**request) as answer:
        headers = sorted((k, v) for k, v in answer.headers.multi_items() if k != "date")
        return answer.status_code, headers, b"".join(answer.iter_raw())


def bare(url: str) -> httpx.Client:
    """A client that sends no header of its own."""
    client = httpx.Client(base_url=url, timeout=30)
    client.headers.clear()
    return client


def test_with_it_and_without_it_every_answer_is_the_same(
    installation: Installation, newsroom: Newsroom, both: tuple[str, str]
) -> None:
    print(f"seed {SEED}")
    world = World(installation, newsroom, random.Random(SEED))
    compared: dict[int, int] = {}
    with bare(both[0]) as on, bare(both[1]) as off:
        for _ in range(ROUNDS):
            world.write()
            time.sleep(0.3)
            for _ in range(ASKED):
                request = world.request()
                window = time.time() // WINDOW
                expected = raw_response(off, request)
                for found in (raw_response(on, request), raw_response(on, request)):
                    if time.time() // WINDOW != window:
                        continue  # the addresses of files have just changed
                    assert found == expected, request
                    compared[found[0]] = compared.get(found[0], 0) + 1
    assert {200, 302, 304, 400, 401, 403, 404, 410} <= set(compared), compared
    time.sleep(1.2)
    sources = [
        sum(v for k, v in installation.measured(url).items() if k.startswith("lantoa_responses_total") and "cache" in k)
        for url in both
    ]
    print(f"{sum(compared.values())} compared: {compared}; {sources[0]:.0f} from memory")
    assert sources[0] > ROUNDS * ASKED / 5, "little came from memory: little was shown"
    assert sources[1] == 0


def test_what_is_remembered_is_bounded_in_bytes(installation: Installation, newsroom: Newsroom) -> None:
    bound = 1024 * 1024
    url = installation.second_api(LANTOA_RESPONSE_CACHE="on", LANTOA_CACHE_BYTES=str(bound))
    try:
        with Person(url) as reader:
            for limit in range(1, 30):
                for tag in ('"a"', '"b"', '"c"', '"d"'):
                    reader.get(f"/v1/channels/public-web/changes?limit={limit}", headers={"if-none-match": tag})
        time.sleep(1.2)
        measured = installation.measured(url)
        assert measured['lantoa_cache_bound_bytes{cache="responses"}'] == bound
        assert bound / 2 < measured['lantoa_cache_bytes{cache="responses"}'] <= bound
    finally:
        installation.stop_api(url)


def test_requests_that_memory_answers_count_against_the_limit(installation: Installation) -> None:
    url = installation.second_api(LANTOA_RESPONSE_CACHE="on", LANTOA_RATE_LIMIT="30", LANTOA_RATE_LIMIT_ANONYMOUS="20")
    try:
        for token, limit in ((None, 20), (installation.client_token(installation.new_client("baobinhthuan")), 30)):
            with Person(url, token) as reader:
                found = [reader.get("/v1/channels/public-web/changes?limit=1").status_code for _ in range(limit + 5)]
                assert limit - 3 <= found.count(200) <= limit + 2, "asking whether it is ready counts too"
                assert found[-1] == 429
    finally:
        installation.stop_api(url)


def test_the_ledger_knows_who_got_an_answer_from_memory(installation: Installation, newsroom: Newsroom) -> None:
    url = installation.second_api(LANTOA_RESPONSE_CACHE="on")
    try:
        newsroom.published()
        readers = [
            (client, Person(url, installation.client_token(client)))
            for client in (installation.new_client("baobinhthuan") for _ in range(3))
        ]
        for _, reader in readers:  # the second and the third read what was told to the first
            assert reader.get("/v1/channels/press/changes?limit=500").status_code == 200
        asset = newsroom.coordinator.get("/v1/channels/district-radio/changes?limit=100").json()["changes"]
        media = next(a["id"] for c in asset for a in c.get("item", {}).get("assets", []))
        boss = Person(url, installation.member_token("dieuphoi.stttt"))
        count = "SELECT coalesce(sum(count), 0) AS n FROM downloads WHERE asset_id = $1::text::uuid"
        before = installation.sql(count, media)[0]["n"]
        assert [boss.get(f"/v1/media/{media}/original").status_code for _ in range(5)] == [302] * 5
    finally:
        installation.stop_api(url)  # what is in memory is written at the end
    seqs = installation.sql(
        "SELECT client_id, seq FROM ledger WHERE client_id = ANY($1)", [c["client_id"] for c, _ in readers]
    )
    assert len(seqs) == 3
    assert len({row["seq"] for row in seqs}) == 1
    assert installation.sql(count, media)[0]["n"] == before + 5


def test_a_caller_does_not_keep_a_sent_response_alive() -> None:
    """A caller is remembered for longer than a response; ten minutes of load once held on to every page ever sent."""
    caller = Caller(None, Bucket(10, 0.0))
    answer = CachedResponse(
        200, [], b"x" * 1000, CachePolicy(None, lambda _: None, 60, nothing_new=False, count_each=False)
    )
    sent: list[int] = []

    async def send(message: Any) -> None:
        sent.append(len(message))

    asyncio.run(MemoizedReply(answer, caller, Counts()).send(9, 1.0, send))
    assert len(sent) == 2
    held = weakref.ref(answer)
    del answer
    gc.collect()
    assert held() is None
    assert caller.counted is not None
