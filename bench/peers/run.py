"""`python -m bench.peers.run directus|strapi URL TOKEN`: the three requests, by the same `wrk` as ours."""

import json
import statistics
import sys

import httpx

from bench.measure import need_wrk, wrk
from bench.peers.kinds import PEERS

_ROUNDS, _SECONDS = 3, 4


def main() -> None:
    need_wrk()
    name, url, token = sys.argv[1:4]
    peer, headers = PEERS[name], {"authorization": f"Bearer {token}"}
    first = httpx.get(url + peer.page, headers=headers).raise_for_status().json()["data"][0]
    paths = {
        "page of 100": peer.page,
        "one item": peer.one.format(id=first["documentId"] if peer.wrapped else first["id"]),
        "nothing new": peer.nothing_new,
    }
    found = {
        path: statistics.median(
            wrk(url + address.replace("[", "%5B").replace("]", "%5D"), headers, _SECONDS) for _ in range(_ROUNDS)
        )
        for path, address in paths.items()
    }
    print(json.dumps({"peer": name, "requests_per_second": found}, indent=2))


if __name__ == "__main__":
    main()
