"""`python -m tests.layout`, run by `make check`: no import circles, and no word of the glossary's left column in a name.

The glossary of this project says each thing in the field's own words; these are the words that it replaced.
"""

import ast
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

PACKAGES = ("api", "domain", "storage", "adapters", "runtime", "jobs", "cli", "programme", "openapi")
FOLDERS = (*PACKAGES, "client/lantoa_sync", "harness", "bench", "tests")
BANNED = frozenset(
    [
        "crowd",
        "sleeper",
        "sleepers",
        "rouse",
        "shortcut",
        "shelf",
        "replies",
        "said",
        "heard",
        "told",
        "tell",
        "everyday",
        "press",
        "keeper",
        "keepers",
        "again_and_again",
        "steady",
        "thing",
        "things",
        "deed",
        "deeds",
        "verb",
        "verbs",
        "edition",
        "editions",
        "bury",
        "handbook",
        "deaf",
        "forgery",
        "forgeries",
        "seal",
        "seals",
        "sealed",
        "unseal",
        "unsealed",
        "box",
        "unbox",
        "may_repeat",
        "flights",
        "desk",
        "edge",
        "visitor",
        "visitors",
    ]
)
"""Parts of names, between underscores or capitals."""


PROTOCOLS = {("storage/objects/segment_file.py", "tell")}
"""Methods whose names a library demands."""


def names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every name that a module gives: functions, classes, arguments, variables, attributes. With its line."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr


def words(name: str) -> set[str]:
    """`CachedResponse` and `cached_response` are the words `cached` and `response`; also the whole name."""
    spaced = "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
    return {*filter(None, spaced.split("_")), name.strip("_")}


def banned_names() -> list[str]:
    """`file:line: name` for every name with a banned word."""
    files = sorted(
        file for folder in FOLDERS for file in Path(folder).rglob("*.py") if "node_modules" not in file.parts
    )
    return [
        f"{file}:{line}: {name}"
        for file in files
        for line, name in names(ast.parse(file.read_text(encoding="utf-8")))
        if words(name) & BANNED and (str(file), name) not in PROTOCOLS
    ]


def import_circle() -> list[str]:
    """The modules of one circle of imports, or nothing."""
    graph = grimp.build_graph(*PACKAGES)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def main() -> int:
    found = banned_names()
    if circle := import_circle():
        found.append("circle of imports: " + " → ".join(circle))
    print("\n".join(found) or "layout: no circles, no banned names")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
