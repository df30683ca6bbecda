"""Generated clients compile: other people's generators read the contract. Where a generator is missing, it is skipped."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CONTRACT = Path("openapi/openapi.json").resolve()
GENERATORS = Path(".venv/generators/bin").absolute()
NODE = Path("tests/node/node_modules/.bin").resolve()


def run(*command: str | Path, folder: Path, **environ: str) -> str:
    """Run a generator or compiler to its end. Gives what it wrote."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=folder, env=os.environ | environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout + done.stderr


def test_typescript_types_compile_strictly(tmp_path: Path) -> None:
    run(NODE / "openapi-typescript", CONTRACT, "-o", "lantoa.ts", folder=tmp_path)
    (tmp_path / "use.ts").write_text(
        'import type { components } from "./lantoa";\n'
        'export const state: components["schemas"]["MaterialState"] = "scheduled";\n'
    )
    run(NODE / "tsc", "--strict", "--noEmit", "use.ts", "lantoa.ts", folder=tmp_path)


def test_a_python_client_is_generated_and_all_its_modules_are_imported(tmp_path: Path) -> None:
    reported = run(
        GENERATORS / "openapi-python-client", "generate", "--path", CONTRACT, "--output-path", "lantoa_client",
        "--meta", "none", folder=tmp_path, PATH=f"{GENERATORS}:{os.environ['PATH']}",
    )  # fmt: skip
    assert "Error" not in reported, reported
    walk = (
        "import importlib, pkgutil, lantoa_client as c\n"
        "names = [m.name for m in pkgutil.walk_packages(c.__path__, 'lantoa_client.')]\n"
        "print(len([importlib.import_module(name) for name in names]))"
    )
    assert int(run(GENERATORS / "python", "-c", walk, folder=tmp_path)) > 100


@pytest.mark.skipif(not shutil.which("oapi-codegen") or not shutil.which("go"), reason="no oapi-codegen")
def test_a_go_client_compiles(tmp_path: Path) -> None:
    run("oapi-codegen", "-generate", "types,client", "-package", "lantoa", "-o", "lantoa.go", CONTRACT, folder=tmp_path)
    run("go", "mod", "init", "lantoa", folder=tmp_path)
    run("go", "mod", "tidy", folder=tmp_path)
    run("go", "build", "./...", folder=tmp_path)


@pytest.mark.skipif(not shutil.which("openapi-generator-cli") or not shutil.which("mvn"), reason="no openapi-generator")
def test_a_java_client_compiles(tmp_path: Path) -> None:
    run("openapi-generator-cli", "generate", "-i", CONTRACT, "-g", "java", "--library", "native", "-o", "java",
        folder=tmp_path)  # fmt: skip
    run("mvn", "-q", "-DskipTests", "compile", folder=tmp_path / "java")
