"""The people of the story, speaking HTTP."""

from typing import Any

import httpx
import msgspec
from lantoa_sync.feed import Change
from lantoa_sync.signatures import Verifier, document_of

from harness.installation import Installation

ARTICLE: dict[str, Any] = {
    "kind": "article",
    "title": "Mã OTP là chìa khóa nhà bạn",
    "summary": "Không đưa mã OTP cho bất kỳ ai.",
    "body": "# OTP\n\nNgân hàng **không bao giờ** hỏi mã OTP.",
    "topics": ["online_scams"],
    "audiences": ["general_public"],
    "rights": {"license": "CC-BY-4.0"},
}


class Person(httpx.Client):
    """An HTTP client with a bearer token."""

    def __init__(self, url: str, token: str | None = None) -> None:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        super().__init__(base_url=url, headers=headers, timeout=30)


class Newsroom:
    """Editor, approver and coordinator together, to bring material through its life."""

    def __init__(self, installation: Installation, url: str | None = None) -> None:
        at = url or installation.url
        self.editor = Person(at, installation.member_token("bientap.stttt"))
        self.approver = Person(at, installation.member_token("duyet.stttt"))
        self.coordinator = Person(at, installation.member_token("dieuphoi.stttt"))

    def draft(self, **changes: Any) -> dict[str, Any]:
        content = {key: value for key, value in (ARTICLE | changes).items() if value is not None}
        answer = self.editor.post("/v1/desk/materials", json=content)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def do(self, who: Person, material: dict[str, Any], action: str, note: str = "") -> dict[str, Any]:
        answer = who.post(
            f"/v1/desk/materials/{material['id']}/{action}",
            json={"note": note},
            headers={"if-match": f'"{material["revision"]}"'},
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def approved(self, material: dict[str, Any]) -> dict[str, Any]:
        return self.do(self.approver, self.do(self.editor, material, "request_review"), "approve")

    def published(self, **changes: Any) -> dict[str, Any]:
        return self.do(self.coordinator, self.approved(self.draft(**changes)), "publish")

    def corrected(self, material: dict[str, Any], note: str, **changes: Any) -> dict[str, Any]:
        draft = self.do(self.editor, material, "revise")
        answer = self.editor.patch(
            f"/v1/desk/materials/{draft['id']}", json=changes, headers={"if-match": f'"{draft["revision"]}"'}
        )
        assert answer.status_code == 200, answer.text
        return self.do(self.coordinator, self.approved(answer.json()), "correct", note)

    def killed(self, material: dict[str, Any], note: str = "Thông tin sai") -> dict[str, Any]:
        return self.do(self.coordinator, material, "kill", note)


def pull(who: Person, channel: str, since: str | None = None, limit: int = 100) -> tuple[list[dict[str, Any]], str]:
    """Read a feed to its end, as openapi/sync.md says."""
    changes: list[dict[str, Any]] = []
    while True:
        query = {"limit": limit} | ({"since": since} if since else {})
        answer = who.get(f"/v1/channels/{channel}/changes", params=query)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        changes += page["changes"]
        since = page["next"]
        if not page["more"]:
            return changes, since


def proven(change: dict[str, Any], keys: list[dict[str, Any]]) -> bytes:
    """The document's bytes, as a partner checks them: hash, identity, signature. Raises when one does not fit."""
    reported = msgspec.convert(change | {"item": msgspec.Raw(msgspec.json.encode(change["item"]))}, Change)
    data, _ = document_of(reported)
    Verifier(keys).check(reported.id, data, reported.signature, reported.kid)
    return data
