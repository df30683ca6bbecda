"""What every command shares: one console, JSON for machines, and errors in one line."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Annotated, Any, ParamSpec, TypeVar

import msgspec
import typer
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from domain.errors import Refusal
from runtime.local.servers import CannotStart
from runtime.settings import BadSetting
from storage.postgres.schema import OldSchema

P = ParamSpec("P")
T = TypeVar("T")
console = Console(stderr=True)
Json = Annotated[bool, typer.Option("--json", help="Kết quả dạng JSON · Print JSON")]


def say(value: dict[str, Any], lines: str, *, as_json: bool) -> None:
    """Print the result: `lines` for people, `value` as one line of JSON for machines."""
    text = msgspec.json.encode(value).decode() if as_json else lines
    sys.stdout.write(text + "\n")


def fail(message: str) -> typer.Exit:
    console.print(f"[red]lantoa:[/red] {message}", highlight=False, markup=True, soft_wrap=True)
    return typer.Exit(1)


def command(work: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Run an async command; expected errors are reported in one line, exit status 1."""

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return asyncio.run(work(*args, **kwargs))
        except (BadSetting, CannotStart, OldSchema) as error:
            raise fail(str(error)) from error
        except Refusal as error:
            facts = " ".join(f"{k}={v}" for k, v in error.facts.items())
            raise fail(f"{error.code} {facts}") from error
        except (SQLAlchemyError, OSError) as error:
            raise fail(f"{type(error).__name__}: {str(error).splitlines()[0]}") from error

    return run
