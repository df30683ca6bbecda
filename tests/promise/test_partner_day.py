"""A partner's day, on two API processes: pull, correct, kill, acknowledge."""

import time
from base64 import urlsafe_b64decode
from hashlib import sha256

import rfc8785
from joserfc.jwk import OKPKey

from harness.installation import Installation
from harness.people import Newsroom, Person, pull


def test_everyones_copy_follows_from_publication_to_kill(installation: Installation, newsroom: Newsroom) -> None:
    other = installation.second_api()
    client = installation.new_client("baobinhthuan")
    here = Person(installation.url, installation.client_token(client))
    there = Person(other, installation.client_token(client, other))

    _first, cursor = pull(here, "press")
    published = newsroom.published(title="Cảnh báo cuộc gọi giả danh")
    for partner in (here, there):
        [change], _ = pull(partner, "press", cursor)
        assert (change["op"], change["id"], change["version"]) == ("upsert", published["id"], 1)

    _changes, cursor = pull(there, "press", cursor)
    newsroom.corrected(published, "Sửa số tổng đài", body="Gọi 113.")
    [change], cursor = pull(here, "press", cursor)
    assert (change["version"], change["item"]["signal"]) == (2, "correction")
    assert change["item"]["correction_note"] == "Sửa số tổng đài"
    assert here.get(f"/v1/materials/{published['id']}/versions/1").status_code == 200

    current = newsroom.coordinator.get(f"/v1/desk/materials/{published['id']}").json()
    time.sleep(2.5)  # the ledger is written within five seconds; here within two
    newsroom.killed(current, "Số liệu sai")
    for partner in (here, there):
        [tombstone], _ = pull(partner, "press", cursor)
        assert (tombstone["op"], tombstone["reason"], tombstone["note"]) == (
            "tombstone",
            "killed",
            "Số liệu sai",
        )
        gone = partner.get(f"/v1/materials/{published['id']}")
        assert (gone.status_code, gone.json()["tombstone"]["reason"]) == (410, "killed")
        assert partner.get(f"/v1/materials/{published['id']}/versions/1").status_code == 410

    [mine] = [t for t in here.get("/v1/takedowns").json()["items"] if t.get("material_id") == published["id"]]
    assert "closed_at" not in mine
    organization = here.get("/v1/me").json()["organization"]["id"]
    path = f"/v1/takedowns/{mine['id']}/acks/{organization}"
    assert there.put(path, json={"status": "removed"}).status_code == 200
    assert "closed_at" in newsroom.coordinator.get(f"/v1/takedowns/{mine['id']}").json()

    live, cursor = pull(here, "press")
    lines = sorted(f"{c['id']} {c['version']} {c['sha256']}\n" for c in live if c["op"] == "upsert")
    digest = there.get("/v1/channels/press/digest", params={"at": cursor}).json()
    signature, kid = (digest.pop(name) for name in ("signature", "kid"))
    jwk = next(each for each in here.get("/.well-known/jwks.json").json()["keys"] if each["kid"] == kid)
    public = OKPKey.import_key(jwk).public_key
    statement = rfc8785.dumps({"channel": "press", **digest})  # raises when the signature is another's
    public.verify(urlsafe_b64decode(signature + "=="), statement)
    assert digest == {
        "cursor": cursor,
        "count": len(lines),
        "sha256": sha256("".join(lines).encode()).hexdigest(),
    }
    installation.stop_api(other)
