"""Settings from the environment, read once at start. Every name begins with LANTOA_."""

import os
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from adapters.oidc_config import ProviderConfig
from storage.objects.config import ObjectStoreConfig


class BadSetting(Exception):  # noqa: N818
    """A setting is missing or cannot be used; the message names it and says what to do."""


CACHE_BYTES = 32 * 1024 * 1024
MEDIA_ADDRESS_SECONDS = 60
"""A download URL outlives the kill of its material by at most so long."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`public_url` is the issuer and the base of every absolute address; sizes are bytes."""

    database_url: str
    s3_endpoint: str
    s3_public_endpoint: str
    s3_access_key: str
    s3_secret_key: str
    s3_bucket: str = "lantoa"
    s3_region: str = "us-east-1"
    secret_key: bytes
    public_url: str
    trusted_proxy: bool = False
    media_delivery: str = "redirect"
    rate_limit: int = 6000
    rate_limit_anonymous: int = 600
    contact: str = "mailto:security@example.org"
    heartbeat: str = ""
    provider: ProviderConfig | None = None
    response_cache: bool = True
    cache_bytes: int = CACHE_BYTES
    media_address_seconds: int = MEDIA_ADDRESS_SECONDS

    @property
    def object_store(self) -> ObjectStoreConfig:
        return ObjectStoreConfig(
            endpoint=self.s3_endpoint,
            public_endpoint=self.s3_public_endpoint,
            access_key=self.s3_access_key,
            secret_key=self.s3_secret_key,
            bucket=self.s3_bucket,
            region=self.s3_region,
        )


MIN_CACHE_BYTES = 1024 * 1024
MIN_MEDIA_ADDRESS_SECONDS = 4
SAMPLES = ("change-me", "changeme", "thay-doi", "minioadmin", "password")
"""Values of `.env.example`; a service that finds one of them refuses to start."""


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read LANTOA_* or raise BadSetting."""
    env = os.environ if environ is None else environ
    wanted = {name: _needed(env, name) for name in ("DATABASE_URL", "S3_ENDPOINT", "S3_ACCESS_KEY", "S3_SECRET_KEY")}
    public_url = _needed(env, "PUBLIC_URL").rstrip("/")
    if urlsplit(public_url).scheme not in ("http", "https"):
        raise BadSetting("LANTOA_PUBLIC_URL must be an http(s) address")
    return Settings(
        database_url=wanted["DATABASE_URL"],
        s3_endpoint=wanted["S3_ENDPOINT"],
        s3_public_endpoint=env.get("LANTOA_S3_PUBLIC_ENDPOINT") or wanted["S3_ENDPOINT"],
        s3_access_key=wanted["S3_ACCESS_KEY"],
        s3_secret_key=wanted["S3_SECRET_KEY"],
        s3_bucket=env.get("LANTOA_S3_BUCKET", "lantoa"),
        s3_region=env.get("LANTOA_S3_REGION", "us-east-1"),
        secret_key=_secret_key(_needed(env, "SECRET_KEY")),
        public_url=public_url,
        trusted_proxy=env.get("LANTOA_TRUSTED_PROXY", "") == "1",
        media_delivery=_one_of(env, "MEDIA_DELIVERY", "redirect", "proxy"),
        rate_limit=_at_least(env, "RATE_LIMIT", 6000, 1),
        rate_limit_anonymous=_at_least(env, "RATE_LIMIT_ANONYMOUS", 600, 1),
        contact=env.get("LANTOA_CONTACT", "mailto:security@example.org"),
        heartbeat=env.get("LANTOA_HEARTBEAT", ""),
        provider=_provider(env),
        response_cache=_one_of(env, "RESPONSE_CACHE", "on", "off") == "on",
        cache_bytes=_at_least(env, "CACHE_BYTES", CACHE_BYTES, MIN_CACHE_BYTES),
        media_address_seconds=_at_least(env, "MEDIA_ADDRESS_SECONDS", MEDIA_ADDRESS_SECONDS, MIN_MEDIA_ADDRESS_SECONDS),
    )


def _one_of(env: Mapping[str, str], name: str, default: str, other: str) -> str:
    value = env.get(f"LANTOA_{name}") or default
    if value not in (default, other):
        raise BadSetting(f"LANTOA_{name} must be {default} or {other}")
    return value


def _at_least(env: Mapping[str, str], name: str, default: int, least: int) -> int:
    value = env.get(f"LANTOA_{name}") or str(default)
    if not value.isascii() or not value.isdigit() or int(value) < least:
        raise BadSetting(f"LANTOA_{name} must be a whole number, {least} or more")
    return int(value)


def _provider(env: Mapping[str, str]) -> ProviderConfig | None:
    names = ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")
    if not any(env.get(f"LANTOA_{name}") for name in names):
        return None
    return ProviderConfig(*(_needed(env, name).rstrip("/") for name in names))


def _needed(env: Mapping[str, str], name: str) -> str:
    value = env.get(f"LANTOA_{name}", "")
    if not value:
        raise BadSetting(f"LANTOA_{name} is not set")
    if any(sample in value.lower() for sample in SAMPLES):
        raise BadSetting(f"LANTOA_{name} still holds a sample value: choose your own")
    return value


def _secret_key(text: str) -> bytes:
    try:
        key = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        key = b""
    if len(key) < 32:
        raise BadSetting(
            "LANTOA_SECRET_KEY must be 32 random bytes in base64url: "
            'python3 -c "import secrets; print(secrets.token_urlsafe(32))"'
        )
    return key[:32]
