"""Write the contract: `python -m openapi.export`; with `--check` only say whether the committed file is current."""

import json
import sys
from pathlib import Path

from api.app import create_litestar
from api.dependencies import ApiContext
from runtime.settings import Settings

TARGET = Path(__file__).with_name("openapi.json")


def contract() -> str:
    """Give the OpenAPI document as text; no part is opened for it."""
    settings = Settings(
        database_url="postgresql:///none",
        s3_endpoint="http://localhost",
        s3_public_endpoint="http://localhost",
        s3_access_key="none",
        s3_secret_key="none",  # noqa: S106 -- nothing is opened
        secret_key=bytes(32),
        public_url="http://localhost",
    )
    document = create_litestar(ApiContext(settings)).state.openapi
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True, default=str) + "\n"


def main() -> int:
    text = contract()
    if "--check" in sys.argv:
        if TARGET.exists() and TARGET.read_text(encoding="utf-8") == text:
            return 0
        sys.stderr.write("openapi/openapi.json is not current: run `make openapi`\n")
        return 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
