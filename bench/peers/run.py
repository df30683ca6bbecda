"""`python -m bench.peers.run directus|strapi URL TOKEN`: the three requests and ours, in turns, by the same `wrk`."""

import sys

import httpx

from bench.measure import Run, in_turns, need_wrk, wrk
from bench.peers.kinds import PEERS
from bench.reading import middle, unchanged
from bench.run import SMALL, report

_ROUNDS, _SECONDS = 5, 3


def main() -> None:
    need_wrk()
    name, url, token = sys.argv[1:4]
    peer, headers = PEERS[name], {"authorization": f"Bearer {token}"}
    their_page = peer.page.format(after=SMALL // 2)  # from the middle, like ours: the texts are as long there
    page = httpx.get(url + their_page, headers=headers).raise_for_status()
    first, sizes = page.json()["data"][0], {name: len(page.content)}
    run = Run(SMALL, _SECONDS, _ROUNDS)

    def beside(path: str, ours: str, theirs: str, aim: float, **more: str) -> None:
        reported = run.headers | {key.replace("_", "-"): value for key, value in more.items()}
        address = url + theirs.replace("[", "%5B").replace("]", "%5D")
        mine, its = in_turns(
            run.rounds,
            lambda: wrk(run.house.url + ours, reported, run.seconds),
            lambda: wrk(address, headers, run.seconds),
        )
        run.line(path, mine, its, aim, name, "1/s")

    try:
        run.start()
        asked, head = unchanged(run)
        beside("nothing new", asked, peer.nothing_new, 100, if_none_match=f'"{head}"')
        run.restart_api(LANTOA_RESPONSE_CACHE="off")  # nothing is remembered: ours is read from the database too
        ours = middle(run)[2]
        body = run.get(ours)
        sizes["ours"] = len(body.content)
        one = body.json()["changes"][0]["id"]
        beside("page of 100, first", ours, their_page, 20)
        their_one = peer.one.format(id=first["documentId"] if peer.wrapped else first["id"])
        beside("one item, first", f"/v1/materials/{one}", their_one, 1)
    finally:
        run.stop()
    report([run], {"page_bytes": sizes})


if __name__ == "__main__":
    main()
