"""A formulation's model written to a file other solvers read. Runs in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jitopt import registry
from jitopt.errors import InputError, JitoptError

if TYPE_CHECKING:
    from jitopt.problems.base import Instance

__all__ = ["export"]

ENDINGS: dict[str, tuple[str, ...]] = {"pyomo": (".lp", ".mps"), "cpsat": (".pbtxt", ".pb"), "mathopt": (".pbtxt",)}
"""File endings each technology can write."""


def export(instance: Instance[Any], method: str, path: str | Path) -> None:
    """Write the model of `method` for `instance` to `path`; the ending decides the format.

    Raises
    ------
    InputError
        If the technology cannot write this ending, or the method is no formulation.
    JitoptError
        If the model cannot be built.
    """
    found = registry.method(method, instance.problem)
    endings = ENDINGS.get(found.technology, ())
    target = Path(path).absolute()
    if found.kind != "formulation" or target.suffix not in endings:
        words = ", ".join(endings) or "nothing (it is a heuristic)"
        raise InputError(
            f"{found.name} can be written as {words}",
            place=str(path),
            value=target.suffix,
            remedy="choose another ending or method",
        )
    job = {
        **registry.handed_on(),
        "method": found.name,
        "instance": instance.to_dict(),
        "target": str(target),
    }
    done = subprocess.run(
        [sys.executable, "-P", "-m", "jitopt.engine.export"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(registry.import_path())},
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise JitoptError(f"{found.name} could not be written: {done.stderr.strip().splitlines()[-1:]}")


def _write(model: Any, technology: str, target: Path) -> None:
    if technology == "pyomo":
        model.write(str(target), format=target.suffix[1:])
    elif technology == "cpsat":
        if not model.export_to_file(str(target)):
            raise JitoptError("CP-SAT could not write the file")
    else:
        from google.protobuf import text_format

        target.write_text(text_format.MessageToString(model.export_model()), encoding="utf-8")


def main() -> None:
    """Build and write the model described on standard input."""
    job = json.load(sys.stdin)
    registry.take_over(job)
    from jitopt.problems import parse_instance

    found = registry.method(job["method"])
    model = found.load().build(parse_instance(job["instance"]))
    _write(model, found.technology, Path(job["target"]))


if __name__ == "__main__":
    main()
