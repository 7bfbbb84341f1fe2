"""kill -9 of worker, parent or both at random instants over a batch; then what was lost, doubled or changed.

python benchmarks/faults/kill.py [--jobs 300] [--kills 200] [--seed 0] [--json FILE]

A batch that nobody disturbs gives the hash of the objectives. Then the same batch is started again
and again with --resume; at a random instant of each start a worker, the parent, or both are killed,
until so many kills were made. The batch that comes after them must end with one row per job, none
missing, and the same hash. Should all jobs be done before, the kills go on with the next store.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil

TINY = Path(__file__).parents[2] / "instances" / "kanban" / "card_formula_11.json"
WORDS = ["--methods", "kanban_fill", "--workers", "2", "--deterministic", "--work-limit", "0.05", "--json"]
LONGEST = 1200.0


def start(folder: Path, store: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "jitopt.cli", "batch", str(folder), "-o", str(store), "--resume", *WORDS]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def summary(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=LONGEST)
    if process.returncode != 0:
        raise SystemExit(f"a batch ended with code {process.returncode}: {err}")
    found: dict[str, Any] = json.loads(out)
    return found


def below(process: subprocess.Popen[str]) -> list[psutil.Process]:
    try:
        return list(psutil.Process(process.pid).children(recursive=True))
    except psutil.Error:
        return []


def kill(process: subprocess.Popen[str], victim: str, chance: random.Random) -> bool:
    """Kill a worker (of the batch, or a solver's), the parent, or both; tell whether there was one."""
    workers = below(process)
    if (victim != "parent" and not workers) or process.poll() is not None:
        return False
    if victim != "parent":
        try:
            chance.choice(workers).kill()
        except psutil.Error:
            return False
    if victim != "worker":
        process.kill()
    return True


def disturb(folder: Path, store: Path, wanted: Counter[str], chance: random.Random) -> int:
    """Kill until nothing is wanted or the batch is done; return how many processes outlived a killed parent."""
    left = 0
    while sum(wanted.values()):
        process = start(folder, store)
        victims: list[psutil.Process] = []
        while sum(wanted.values()) and process.poll() is None:
            time.sleep(chance.uniform(0.0, 4.0))
            victim = chance.choice(sorted(wanted.elements()))
            victims = below(process) or victims
            if kill(process, victim, chance):
                wanted[victim] -= 1
                if victim != "worker":
                    break
        if process.poll() is None and not sum(wanted.values()):
            process.kill()
        process.communicate(timeout=LONGEST)
        left += len(psutil.wait_procs(victims, timeout=10)[1])
        if process.returncode == 0:
            break
    return left


def examine(store: Path, jobs: int) -> dict[str, int]:
    """Count what is wrong in a finished store, with no help from jitopt."""
    connection = sqlite3.connect(store)
    asked = {
        "rows": "SELECT count(*) FROM jobs",
        "results": "SELECT count(*) FROM results",
        "instances": "SELECT count(DISTINCT instance) FROM jobs",
        "unfinished": "SELECT count(*) FROM jobs WHERE state <> 2",
        "tried again": "SELECT count(*) FROM jobs WHERE attempts > 1",
        "without a plan": "SELECT count(*) FROM results WHERE objective IS NULL",
    }
    found = {name: int(connection.execute(query).fetchone()[0]) for name, query in asked.items()}
    found["missing"] = jobs - found["instances"]
    found["doubled"] = found["results"] - found["instances"]
    found["damaged"] = int(connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok")
    connection.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", metavar="FILE")
    told = parser.parse_args()
    chance = random.Random(told.seed)
    instance = json.loads(TINY.read_text(encoding="utf-8"))
    victims = [("worker", "parent", "both")[number % 3] for number in range(told.kills)]
    wanted = Counter(victims)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "instances"
        folder.mkdir()
        for number in range(told.jobs):
            (folder / f"{number:04}.json").write_text(json.dumps({**instance, "name": f"copy {number}"}))
        quiet = summary(start(folder, Path(place) / "quiet.sqlite"))
        stores, outlived, wrong = 0, 0, 0
        counts: Counter[str] = Counter()
        while sum(wanted.values()):
            store = Path(place) / f"{stores}.sqlite"
            stores += 1
            outlived += disturb(folder, store, wanted, chance)
            found = summary(start(folder, store))
            wrong += found["objective_hash"] != quiet["objective_hash"]
            counts.update(examine(store, told.jobs))
    report = {
        "jobs": told.jobs,
        "kills": dict(Counter(victims)),
        "stores": stores,
        "seconds": round(time.monotonic() - began),
        **counts,
        "orphans": outlived,
        "stores with other objectives": wrong,
    }
    print(json.dumps(report, indent=2))
    if told.json:
        Path(told.json).write_text(json.dumps(report, indent=2) + "\n")
    bad = ("missing", "doubled", "damaged", "unfinished", "without a plan", "orphans", "stores with other objectives")
    sys.exit(any(report[name] for name in bad))


if __name__ == "__main__":
    main()
