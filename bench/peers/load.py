"""`python -m bench.peers.load directus|strapi URL TOKEN`: 10,000 materials into a peer, over its own API."""

import sys
import tomllib
from pathlib import Path
from typing import Any

import httpx
from rich.progress import track

from bench.peers.kinds import PEERS, Peer

COUNT = 10_000
_MATERIALS = Path(__file__).parents[2] / "programme" / "materials"
_FIELDS = ("key", "string"), ("title", "string"), ("body", "text"), ("document", "json")


def make_collection(client: httpx.Client) -> None:
    """Directus has no model file: its collection is made over the API. There already: nothing happens."""
    # Directus 12 wants a field's names in its meta too, and its key told.
    about: dict[str, dict[str, Any]] = {"id": {"schema": {"is_primary_key": True, "has_auto_increment": True}}}
    about["date_updated"] = {"meta": {"special": ["date-updated"]}}
    fields = [
        {"field": name, "type": kind}
        | about.get(name, {})
        | {"meta": {"collection": "materials", "field": name} | about.get(name, {}).get("meta", {})}
        for name, kind in (("id", "integer"), *_FIELDS, ("date_updated", "timestamp"))
    ]
    answer = client.post("/collections", json={"collection": "materials", "schema": {}, "fields": fields})
    if answer.status_code >= 400 and client.get("/collections/materials").status_code != 200:
        raise SystemExit(f"the collection could not be made: {answer.text[:300]}")


def present(client: httpx.Client, peer: Peer) -> int:
    told = client.get(peer.count).raise_for_status().json()
    return int(told["meta"]["pagination"]["total"] if peer.wrapped else told["data"][0]["count"])


def main() -> None:
    name, url, token = sys.argv[1:4]
    peer = PEERS[name]
    texts = [tomllib.loads(file.read_text(encoding="utf-8")) for file in sorted(_MATERIALS.glob("*.toml"))]
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=60) as client:
        if name == "directus":
            make_collection(client)
        for n in track(range(present(client, peer), COUNT), description=name):
            text = texts[n % len(texts)]
            document = {key: value for key, value in text.items() if isinstance(value, str | list)}
            item = {"key": f"m{n}", "title": f"{text.get('title', 'x')} ({n})", "body": text.get("body", "")}
            item |= {"document": document}
            client.post(peer.items, json={"data": item} if peer.wrapped else item).raise_for_status()


if __name__ == "__main__":
    main()
