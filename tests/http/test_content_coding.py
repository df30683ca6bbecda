"""Content codings: what is published may be sent compressed, and is the same."""

import gzip

import brotli
import pytest
import zstandard

from api.http.content_coding import negotiate
from harness.installation import Installation
from harness.people import Person

PAGE = "/v1/channels/public-web/changes?limit=20"
DECODERS = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body, max_output_size=10_000_000),
}


@pytest.mark.parametrize(
    ("sent", "chosen"),
    [
        (None, None), (b"", None), (b"identity", None), (b"gzip", "gzip"), (b"br;q=0.9, gzip;q=1.0", "gzip"),
        (b"gzip, deflate, br, zstd", "zstd"), (b"gzip;q=0", None), (b"*", "zstd"), (b"*;q=0.1, br", "br"),
        (b"identity;q=1, gzip;q=0.5", None), (b"GZIP", "gzip"), (b"gzip;q=x", None), (b"zstd;q=0, *", "br"),
        (b"deflate", None), (b"*;q=0", None),
    ],
)  # fmt: skip
def test_the_caller_gets_the_coding_it_likes_best(sent: bytes | None, chosen: str | None) -> None:
    assert negotiate(sent) == chosen


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_a_coded_page_is_the_same_page(installation: Installation, coding: str) -> None:
    with Person(installation.url) as reader:
        for _ in range(2):  # once from the application, once from memory
            plain = reader.get(PAGE, headers={"accept-encoding": "identity"})
            with reader.stream("GET", PAGE, headers={"accept-encoding": coding}) as coded:
                raw = b"".join(coded.iter_raw())
            assert coded.headers["content-encoding"] == coding
            assert len(raw) == int(coded.headers["content-length"]) < len(plain.content)
            assert DECODERS[coding](raw) == plain.content
            assert plain.headers["vary"] == coded.headers["vary"] == "Authorization, Accept-Encoding"
            assert (plain.headers["etag"], coded.headers["etag"]) == (
                plain.headers["etag"],
                f"W/{plain.headers['etag']}",
            )
            head = reader.head(PAGE, headers={"accept-encoding": coding})
            assert (head.headers["content-length"], head.content) == (coded.headers["content-length"], b"")


def test_a_weak_tag_is_known_again_and_small_answers_stay_as_they_are(installation: Installation) -> None:
    with Person(installation.url) as reader:
        for coding in ("zstd", "identity"):
            reported = {"accept-encoding": coding}
            first = reader.get(PAGE, headers=reported)
            same = reader.get(PAGE, headers=reported | {"if-none-match": first.headers["etag"]})
            assert (same.status_code, same.headers["etag"]) == (304, first.headers["etag"])
        end = reader.get("/v1/channels/public-web").json()["cursor"]
        small = reader.get(
            "/v1/channels/public-web/changes", params={"since": end}, headers={"accept-encoding": "zstd"}
        )
        assert "content-encoding" not in small.headers


def test_what_holds_secrets_is_never_coded(installation: Installation) -> None:
    with Person(installation.url, installation.member_token("dieuphoi.stttt")) as person:
        for path in ("/v1/me", "/v1/members", "/v1/audit"):
            assert "content-encoding" not in person.get(path, headers={"accept-encoding": "gzip, br, zstd"}).headers
