"""The limit: an ASGI callable that sends what was put into `BENCH_ANSWERS`, on the server that Lan Tỏa runs on."""

import asyncio
import json
import os
import sys
from base64 import b64decode
from pathlib import Path
from typing import Any

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


def _read() -> dict[str, Answer]:
    reported = json.loads(Path(os.environ["BENCH_ANSWERS"]).read_text())
    return {
        path: (each["status"], [(k.encode(), v.encode()) for k, v in each["headers"]], b64decode(each["body"]))
        for path, each in reported.items()
    }


def create_app() -> Any:
    answers = _read()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        status, headers, body = answers[scope["path"]]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def create_sql_app() -> Any:
    """The same with one bare asyncpg query for each request, its rows joined: what a page cannot do without."""
    import asyncpg

    pools: list[Any] = []
    lock = asyncio.Lock()
    query, values = os.environ["BENCH_QUERY"], json.loads(os.environ["BENCH_VALUES"])

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        async with lock:
            if not pools:
                pools.append(await asyncpg.create_pool(os.environ["BENCH_DSN"], min_size=4, max_size=10))
        async with pools[0].acquire() as connection:
            rows = await connection.fetch(query, *values)
        body = b",".join([row[0] for row in rows])
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def create_rows_app() -> Any:
    """One bare asyncpg query for each request; its rows are counted and not sent."""
    import asyncpg

    pools: list[Any] = []
    lock = asyncio.Lock()
    query, expected = os.environ["BENCH_QUERY"], int(os.environ["BENCH_ROWS"])

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        async with lock:
            if not pools:
                pools.append(await asyncpg.create_pool(os.environ["BENCH_DSN"], min_size=4, max_size=10))
        async with pools[0].acquire() as connection:
            rows = await connection.fetch(query)
        assert len(rows) == expected
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    return app


def create_token_app() -> Any:
    """What issuing a token cannot do without: compare a SHA-256, sign ES256, insert and commit one row."""
    import hmac
    import time
    from hashlib import sha256
    from uuid import uuid4

    import asyncpg
    from joserfc import jwt
    from joserfc.jwk import ECKey

    pools: list[Any] = []
    lock = asyncio.Lock()
    key, secret = ECKey.generate_key("P-256", {"alg": "ES256"}, auto_kid=True), sha256(b"secret").digest()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        async with lock:
            if not pools:
                pools.append(await asyncpg.create_pool(os.environ["BENCH_DSN"], min_size=4, max_size=10))
                await pools[0].execute("CREATE TABLE IF NOT EXISTS bench_tokens (id uuid PRIMARY KEY, body text)")
        await receive()
        now = int(time.time())
        assert hmac.compare_digest(sha256(b"secret").digest(), secret)
        claims = {"iss": "x", "aud": "x", "sub": "x", "jti": uuid4().hex, "iat": now, "exp": now + 600, "scope": "a b"}
        token = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": str(key.kid)}, claims, key)
        await pools[0].execute("INSERT INTO bench_tokens VALUES ($1, $2)", uuid4(), claims["jti"])
        body = json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": 600}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


if __name__ == "__main__":
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces, Loops

    Granian(
        f"bench.bare:{sys.argv[2]}", factory=True, port=int(sys.argv[1]), interface=Interfaces.ASGI,
        loop=Loops.uvloop, log_access=False, websockets=False, http=HTTPModes.http1,
    ).serve()  # fmt: skip
