"""How each peer is spoken to: where materials are made, and the three requests."""

from typing import NamedTuple

FUTURE = "2999-01-01T00:00:00Z"


class Peer(NamedTuple):
    """Paths of a peer. `page`: the hundred after an id, as ours begins after a cursor.

    `wrapped`: a new item is sent inside `data`; others take `at_once` in an array.
    """

    items: str
    total: str
    page: str
    one: str
    nothing_new: str
    wrapped: bool
    at_once: int


PEERS = {
    "directus": Peer(
        items="/items/materials",
        total="/items/materials?aggregate[count]=*",
        page="/items/materials?limit=100&sort=id&filter[id][_gt]={after}",
        one="/items/materials/{id}",
        nothing_new=f"/items/materials?limit=1&filter[date_updated][_gt]={FUTURE}",
        wrapped=False,
        at_once=50,
    ),
    "strapi": Peer(
        items="/api/materials",
        total="/api/materials?pagination[pageSize]=1",
        page="/api/materials?pagination[pageSize]=100&sort=id&filters[id][$gt]={after}",
        one="/api/materials/{id}",
        nothing_new=f"/api/materials?pagination[pageSize]=1&filters[updatedAt][$gt]={FUTURE}",
        wrapped=True,
        at_once=1,
    ),
}
