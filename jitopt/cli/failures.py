"""From exceptions to exit codes: one clear line for what was foreseen and for what was not."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from jitopt.cli.output import err
from jitopt.errors import InputError, JitoptError, NotApplicableError, UnknownMethodError

__all__ = ["FAILED", "INFEASIBLE", "INTERRUPTED", "NO_PLAN", "USAGE", "Commands", "usage"]

FAILED, USAGE, INFEASIBLE, NO_PLAN, INTERRUPTED = 1, 2, 3, 4, 130

USAGE_ERROR: type[Exception] = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")
"""What typer raises for bad usage; newer versions carry their own copy of click."""


class Commands(TyperGroup):
    """The commands, with every exception told in one message and turned into its exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, USAGE_ERROR):
            raise
        except (InputError, UnknownMethodError, NotApplicableError) as error:
            _end(str(error), USAGE)
        except JitoptError as error:
            _end(str(error), FAILED)
        except KeyboardInterrupt:
            _end("interrupted", INTERRUPTED)
        except BrokenPipeError:
            raise typer.Exit(FAILED) from None
        except OSError as error:
            _end(error.strerror or str(error), FAILED)
        except MemoryError:
            _end("out of memory", FAILED)
        except Exception as error:
            _end(f"internal error: {type(error).__name__}: {_first_line(error)}", FAILED)


def usage(message: str) -> typer.BadParameter:
    """Return the error that tells bad usage (exit code 2)."""
    return typer.BadParameter(message)


def _end(message: str, code: int) -> NoReturn:
    if os.environ.get("JITOPT_DEBUG") == "1":
        traceback.print_exc(file=sys.stderr)
    elif code == FAILED and message.startswith("internal error"):
        message += " (set JITOPT_DEBUG=1 to see where)"
    err(f"jitopt: {message}")
    raise typer.Exit(code)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")
