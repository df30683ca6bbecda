"""schemathesis hooks: how tus bodies are sent."""

from typing import Any

import schemathesis


@schemathesis.serializer("application/offset+octet-stream")
def offset_stream(_context: Any, value: Any) -> bytes:
    return bytes(value) if isinstance(value, bytes | bytearray) else str(value).encode()
