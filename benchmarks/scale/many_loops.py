"""Fifty thousand loops under limits that all bind: first plan, and the gap after 5 s and after 60 s.

    python benchmarks/scale/many_loops.py [--families spread,tight,...] [--loops 50000] [--zones 40]
                                      [--seed 1] [--seconds 5,60]

Every run is the whole command `jitopt solve`, from its start to its end, on a file written afresh. `raw` is `spread`
with costs and amounts of 16 and 17 digits. CPU seconds are those of all its processes, and say what wall time would be
on processors that nobody else uses. `first plan` is counted from the start of the command, too.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from kanban_instances import make

FAMILIES = ("spread", "correlated", "tight", "mixed", "against", "several", "chance", "edge", "raw", "loops")


def run(file: Path, seconds: float) -> dict[str, Any]:
    """Solve a file by the command; return what it told and how long it took."""
    output = file.with_suffix(".result.json")
    words = [sys.executable, "-m", "jitopt.cli", "solve", str(file), "--time-limit", str(seconds), "-o", str(output)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    wall = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 4):
        sys.exit(f"{file.name}: exit code {done.returncode}: {done.stderr[:500]}")
    found = json.loads(output.read_text(encoding="utf-8"))
    first = next((row[0] for row in found["trajectory"] if row[1] is not None), None)
    read = found["seconds"]["read"]
    return {
        "wall": wall,
        "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "kept": wall <= seconds + max(1.0, 0.05 * seconds),
        "first": None if first is None else first + read,
        "gap": found["gap"],
        "objective": found["objective"],
        "read": read,
        "check": found["seconds"]["check"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--loops", type=int, default=50_000)
    parser.add_argument("--zones", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", default="5,60")
    given = parser.parse_args()
    head = ("family", "limit s", "wall s", "cpu s", "kept", "read s", "first plan s", "check s", "objective", "gap %")
    print("  ".join(f"{word:>12}" for word in head))
    with tempfile.TemporaryDirectory() as folder:
        for family in given.families.split(","):
            file = Path(folder) / f"{family}.json"
            drawn = make("spread" if family == "raw" else family, given.loops, given.zones, given.seed,
                         20 if family == "raw" else 2)  # fmt: skip
            file.write_text(json.dumps(drawn), encoding="utf-8")
            for seconds in map(float, given.seconds.split(",")):
                found = run(file, seconds)
                row = (family, f"{seconds:g}", f"{found['wall']:.2f}", f"{found['cpu']:.2f}",
                       "yes" if found["kept"] else "NO", f"{found['read']:.2f}",
                       _number(found["first"], 2), f"{found['check']:.2f}",
                       _number(found["objective"], 2), _number(found["gap"], 4, 100))  # fmt: skip
                print("  ".join(f"{word:>12}" for word in row), flush=True)


def _number(value: float | None, digits: int, factor: float = 1) -> str:
    return "-" if value is None else f"{factor * value:.{digits}f}"


if __name__ == "__main__":
    main()
