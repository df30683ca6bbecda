"""What production is made of: the compose file, the image, the proxy in front."""

import asyncio
import datetime as dt
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import jsonschema_rs
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cli.tokens import mint_member_token
from harness.installation import Installation
from runtime.local.servers import SETTINGS, Child, free_port
from runtime.services import open_services
from runtime.settings import Settings, read_settings

COMPOSE = yaml.safe_load(Path("docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SECRETS = {"LANTOA_DB_PASSWORD", "LANTOA_S3_ACCESS_KEY", "LANTOA_S3_SECRET_KEY", "LANTOA_SECRET_KEY"}


def test_the_compose_file_is_valid() -> None:
    schema = jsonschema_rs.validator_for(Path("tests/standards/compose-spec.json").read_text(encoding="utf-8"))
    assert [error.message for error in schema.iter_errors(COMPOSE)] == []


def test_nothing_starts_with_the_values_of_the_example() -> None:
    text = Path("docker-compose.yml").read_text(encoding="utf-8")
    example = dict(
        line.split("=", 1)
        for line in Path(".env.example").read_text(encoding="utf-8").splitlines()
        if "=" in line and line[0] != "#"
    )
    demanded = set(re.findall(r"\$\{(\w+):\?", text))
    assert SECRETS <= demanded == set(example)
    assert set(example.values()) == {""}  # `${X:?}` refuses what is empty
    defaulted = set(re.findall(r"\$\{(\w+):-", text))
    assert not defaulted & SECRETS


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_do_no_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert not service.get("privileged")
    assert "ports" not in service or name == "proxy"
    image = service["image"].split(":-")[-1].rstrip("}")
    assert re.search(r":[\w.-]*\d", image), f"{image} is not pinned"
    assert not image.endswith("latest")
    if service.get("restart") != "no":
        assert service["healthcheck"]["test"]


def test_every_file_that_a_service_mounts_or_builds_from_is_in_the_repository() -> None:
    named = [service["build"]["dockerfile"] for service in SERVICES.values() if "build" in service]
    mounts = [str(mount) for service in SERVICES.values() for mount in service.get("volumes", ())]
    named += [mount.split(":")[0] for mount in mounts if mount.startswith("./")]
    assert len(named) >= 2
    assert [name for name in named if not Path(name).exists()] == []


def test_the_image_has_every_package_that_the_command_needs() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    packages = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    dockerfile = Path("deploy/Dockerfile").read_text(encoding="utf-8")
    assert set(re.findall(r"^COPY (\w+) \1$", dockerfile, re.MULTILINE)) == packages
    assert packages == set(project["tool"]["importlinter"]["root_packages"])


def test_the_api_can_be_scaled() -> None:
    assert not {"ports", "container_name"} & set(SERVICES["api"])
    assert SERVICES["api"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_the_database_has_the_memory_it_has_in_make_up() -> None:
    reported = dict(each.split("=") for each in SERVICES["db"]["command"] if "=" in each)
    assert reported == {name: value for name, value in SETTINGS.items() if name in reported}
    assert {"shared_buffers", "wal_buffers", "max_wal_size"} <= set(reported)


def test_the_image_is_built_from_a_wheel_that_has_all_its_files(tmp_path: Path) -> None:
    dockerfile = Path("deploy/Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (\w+) \1$", dockerfile, re.MULTILINE)
    allowed = Path(".dockerignore").read_text(encoding="utf-8").splitlines()
    for name in (*copied, "pyproject.toml", "README.md", "requirements.lock"):
        assert f"!{name}" in allowed
    for name in copied:
        shutil.copytree(name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(name, tmp_path)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", "out", "."]
    subprocess.run(build, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    (wheel,) = (tmp_path / "out").glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        path.as_posix()
        for name in copied
        for path in Path(name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted <= inside
    assert not [name for name in inside if name.startswith(("tests/", "bench/"))]


def certificate(folder: Path, *names: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "fullchain.pem").write_bytes(made.public_bytes(pem))
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "privkey.pem").write_bytes(key.private_bytes(pem, *plain))


class Proxy:
    """nginx with our template before an API of its own, whose files are addressed through the proxy."""

    def __init__(self, installation: Installation, folder: Path) -> None:
        self.port, plain, api = free_port(), free_port(), free_port()
        self.plain = f"http://127.0.0.1:{plain}"
        media = f"https://media.test:{self.port}"
        environ = installation.environ | {
            "LANTOA_S3_PUBLIC_ENDPOINT": media,
            "LANTOA_PUBLIC_URL": f"https://lantoa.test:{self.port}",
            "LANTOA_TRUSTED_PROXY": "1",
        }
        self.settings = read_settings(environ)
        serve = [sys.executable, "-m", "cli.main", "serve", "--port", str(api)]
        certificate(folder, "lantoa.test", "media.test")
        values = {
            "LANTOA_API": f"127.0.0.1:{api}",
            "LANTOA_OBJECTS": urlsplit(environ["LANTOA_S3_ENDPOINT"]).netloc,
            "LANTOA_RESOLVER": "127.0.0.1",
            "LANTOA_PUBLIC_HOST": "lantoa.test",
            "LANTOA_MEDIA_HOST": "media.test",
            "LANTOA_BUCKET": installation.settings.s3_bucket,
            "LANTOA_TLS": str(folder),
        }
        rendered = Path("deploy/nginx.conf.template").read_text(encoding="utf-8")
        for name, value in values.items():
            rendered = rendered.replace(f"${{{name}}}", value)
        assert "${" not in rendered
        rendered = rendered.replace("8443", str(self.port)).replace("8080", str(plain))
        paths = "".join(
            f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "nginx.conf").write_text(
            f"daemon off; pid {folder}/pid; error_log stderr; events {{}} http {{ {paths} {rendered} }}"
        )
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        self.children = [
            Child(serve, folder / "api.log", environ=environ),
            Child([nginx, "-p", str(folder), "-c", str(folder / "nginx.conf")], folder / "nginx.log"),
        ]
        installation.wait_ready(api)

    def ask(self, method: str, url: str, **more: Any) -> httpx.Response:
        """As a client would whose name server points both names here."""
        parts = urlsplit(url)
        there = parts._replace(netloc=f"127.0.0.1:{self.port}").geturl()
        headers = more.pop("headers", {}) | {"host": parts.netloc}
        with httpx.Client(verify=False, timeout=20) as client:
            return client.request(method, there, headers=headers, extensions={"sni_hostname": parts.hostname}, **more)


@pytest.fixture
def proxy(installation: Installation, tmp_path: Path) -> Iterator[Proxy]:
    if not (shutil.which("nginx") or Path("/usr/sbin/nginx").exists()):
        pytest.skip("no nginx on this machine")
    made = Proxy(installation, tmp_path)
    yield made
    for child in made.children:
        child.stop()


def test_the_proxy_serves_the_api_and_signed_downloads_and_nothing_else(
    proxy: Proxy, installation: Installation
) -> None:
    api, media = f"https://lantoa.test:{proxy.port}", f"https://media.test:{proxy.port}"
    assert httpx.get(f"{proxy.plain}/healthz/live").text == "ok\n"
    moved = httpx.get(f"{proxy.plain}/v1/channels", headers={"host": "lantoa.test"})
    assert (moved.status_code, moved.headers["location"]) == (308, "https://lantoa.test/v1/channels")
    assert proxy.ask("GET", f"https://other.test:{proxy.port}/").status_code == 421

    changes = proxy.ask("GET", f"{api}/v1/channels/public-web/changes").json()["changes"]
    rendition = next(a["renditions"][0] for c in changes for a in c["item"].get("assets", []))
    redirect = proxy.ask("GET", api + rendition["href"])
    assert redirect.headers["location"].startswith(media)
    part = proxy.ask("GET", redirect.headers["location"], headers={"range": "bytes=0-9"})
    assert part.status_code == 206
    whole = proxy.ask("GET", redirect.headers["location"])
    assert len(whole.content) == rendition["size_bytes"]

    unsigned = redirect.headers["location"].split("?")[0]
    bucket = installation.settings.s3_bucket
    assert proxy.ask("GET", unsigned).status_code == 403
    for method in ("PUT", "DELETE", "POST"):
        refused = proxy.ask(method, redirect.headers["location"], headers={"x-amz-copy-source": f"/{bucket}/blob/x"})
        assert refused.status_code == 403
    for path in ("/", f"/{bucket}?list-type=2", f"/{bucket}/staging/x?X-Amz-Signature=1"):
        assert proxy.ask("GET", media + path).status_code == 404


async def _member_token(settings: Settings) -> str:
    async with open_services(settings) as services:
        return (await mint_member_token(services, "bientap.stttt", [], 60))["access_token"]


def test_a_large_upload_passes_the_proxy(proxy: Proxy) -> None:
    api = f"https://lantoa.test:{proxy.port}"
    token = asyncio.run(_member_token(proxy.settings))
    headers = {"authorization": f"Bearer {token}", "tus-resumable": "1.0.0"}
    data = next(Path("programme/media").glob("*.mp3")).read_bytes() * 20
    made = proxy.ask("POST", f"{api}/v1/uploads", headers=headers | {"upload-length": str(len(data))})
    assert made.status_code == 201, made.text
    offset = {"upload-offset": "0", "content-type": "application/offset+octet-stream"}
    sent = proxy.ask("PATCH", urljoin(api, made.headers["location"]), headers=headers | offset, content=data)
    assert (sent.status_code, sent.headers["upload-offset"]) == (204, str(len(data)))
