"""`python -m bench.peers.load directus|strapi URL TOKEN`: our 10,000 materials into a peer, over its own API."""

import sys
from typing import Any

import httpx
import msgspec
from rich.progress import track

from bench.data import ask
from bench.measure import Run, finished
from bench.peers.kinds import PEERS, Peer
from bench.run import SMALL

_DELIVERED = "SELECT document FROM editions WHERE version = 1 ORDER BY material_id LIMIT $1"
_TEXTS = "title", "summary", "body", "body_html"
_TYPES = {"id": "integer", **dict.fromkeys(_TEXTS, "text"), "document": "json", "date_updated": "timestamp"}


def documents() -> list[dict[str, Any]]:
    """What our feed delivers, from the data set of `make bench`: texts as columns, all else as one JSON document."""
    run = Run(SMALL, 1, 1)
    try:
        run.start()
        rows = finished(ask(run.house.settings, _DELIVERED, SMALL))
    finally:
        run.stop()
    items = []
    for row in rows:
        document = msgspec.json.decode(row["document"])
        items.append({name: document.pop(name, "") for name in _TEXTS} | {"document": document})
    return items


def make_collection(client: httpx.Client) -> None:
    """Directus has no model file: its collection is made over the API. There already: nothing happens."""
    # Directus 12 wants a field's names in its meta too, and its key told.
    about: dict[str, dict[str, Any]] = {"id": {"schema": {"is_primary_key": True, "has_auto_increment": True}}}
    about["date_updated"] = {"meta": {"special": ["date-updated"]}}
    fields = [
        {"field": name, "type": kind}
        | about.get(name, {})
        | {"meta": {"collection": "materials", "field": name} | about.get(name, {}).get("meta", {})}
        for name, kind in _TYPES.items()
    ]
    answer = client.post("/collections", json={"collection": "materials", "schema": {}, "fields": fields})
    if answer.status_code >= 400 and client.get("/collections/materials").status_code != 200:
        raise SystemExit(f"the collection could not be made: {answer.text[:300]}")


def present(client: httpx.Client, peer: Peer) -> int:
    reported = client.get(peer.total).raise_for_status().json()
    return int(reported["meta"]["pagination"]["total"] if peer.wrapped else reported["data"][0]["count"])


def main() -> None:
    name, url, token = sys.argv[1:4]
    peer, items = PEERS[name], documents()
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=60) as client:
        if name == "directus":
            make_collection(client)
        for start in track(range(present(client, peer), SMALL, peer.at_once), description=name):
            some = items[start : start + peer.at_once]
            client.post(peer.items, json={"data": some[0]} if peer.wrapped else some).raise_for_status()


if __name__ == "__main__":
    main()
