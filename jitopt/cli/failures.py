"""From exceptions to exit codes: one clear line for what was foreseen and for what was not."""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from jitopt.cli.output import documents, emit, err
from jitopt.errors import InputError, JitoptError, NotApplicableError, UnknownMethodError

__all__ = ["FAILED", "INFEASIBLE", "INTERRUPTED", "NO_PLAN", "USAGE", "Commands", "usage"]

FAILED, USAGE, INFEASIBLE, NO_PLAN, INTERRUPTED = 1, 2, 3, 4, 130

CLICK: dict[str, type[Exception]] = {base.__name__: base for base in typer.BadParameter.__mro__}
USAGE_ERROR, BAD_USAGE = CLICK["ClickException"], CLICK["UsageError"]
"""What typer raises for bad usage; newer versions carry their own copy of click."""


class Commands(TyperGroup):
    """The commands, with every exception told in one message and turned into its exit code.

    With `--json` the error is told on standard output as well, as {"error": {...}}.
    """

    _as_json = False

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Look for `--json` before anything can go wrong."""
        self._as_json = "--json" in (args[: args.index("--")] if "--" in args else args)
        try:
            return list(super().parse_args(ctx, args))
        except USAGE_ERROR as error:
            self._tell_usage(error)
            raise

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        printed = len(documents)
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort):
            raise
        except USAGE_ERROR as error:
            self._tell_usage(error)
            raise
        except BrokenPipeError:
            raise typer.Exit(FAILED) from None
        except (Exception, KeyboardInterrupt) as error:
            message, code = _foreseen(error)
            if self._as_json and len(documents) == printed:
                emit({"error": {**_parts(error, message), "exit": code}})
            _end(message, code)

    def _tell_usage(self, error: Any) -> None:
        if self._as_json:
            message = str(error.format_message())
            emit({"error": {"kind": "usage", "message": message, "exit": USAGE}})


def _foreseen(error: BaseException) -> tuple[str, int]:
    """Return message and exit code of an exception."""
    if isinstance(error, InputError | UnknownMethodError | NotApplicableError):
        return str(error), USAGE
    if isinstance(error, JitoptError):
        return str(error), FAILED
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", INTERRUPTED
    if isinstance(error, OSError):
        return error.strerror or str(error), FAILED
    if isinstance(error, MemoryError):
        return "out of memory", FAILED
    return f"internal error: {type(error).__name__}: {_first_line(error)}", FAILED


def _parts(error: BaseException, message: str) -> dict[str, Any]:
    """Return what an exception says, part by part."""
    if not isinstance(error, InputError):
        known = {UnknownMethodError: "method", NotApplicableError: "method", KeyboardInterrupt: "interrupted"}
        kind = next((word for kind, word in known.items() if isinstance(error, kind)), "failure")
        return {"kind": kind, "message": message}
    try:
        value = json.loads(json.dumps(error.value, allow_nan=False))
    except (TypeError, ValueError):
        value = repr(error.value)
    return {
        "kind": "input",
        "message": message,
        "file": error.source,
        "place": error.place,
        "value": value,
        "rule": error.rule,
        "remedy": error.remedy,
        "more": list(error.more),
        **({"faults": list(error.faults)} if error.faults else {}),
    }


def usage(message: str) -> Exception:
    """Return the error that tells bad usage (exit code 2)."""
    return BAD_USAGE(message)


def _end(message: str, code: int) -> NoReturn:
    if os.environ.get("JITOPT_DEBUG") == "1":
        traceback.print_exc(file=sys.stderr)
    elif code == FAILED and message.startswith("internal error"):
        message += " (set JITOPT_DEBUG=1 to see where)"
    err(f"jitopt: {message}")
    raise typer.Exit(code)


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), "")
