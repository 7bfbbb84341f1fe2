"""What a batch costs beside its solves: thousands of tiny jobs, and what the parent process holds meanwhile.

python benchmarks/batch/overhead.py [--jobs 10000] [--workers 2] [--json FILE]

Overhead per job is (wall x workers - sum of the jobs' seconds) / jobs, from the first answer to the
last (the workers are warm) and over the whole call (reading the instances and starting included).
Every second the parent's resident memory and its open descriptors are noted.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import psutil

import jitopt

TINY = Path(__file__).parents[2] / "instances" / "kanban" / "card_formula_11.json"


class Watch:
    """Notes where the batch stands."""

    def __init__(self) -> None:
        self.process = psutil.Process()
        self.done: list[tuple[float, int]] = []
        self.memory: list[float] = []
        self.descriptors: list[int] = []

    def look(self, moment: jitopt.BatchProgress) -> None:
        self.done.append((time.monotonic(), moment.done))
        self.memory.append(self.process.memory_info().rss / 2**20)
        self.descriptors.append(self.process.num_fds())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", metavar="FILE")
    told = parser.parse_args()
    instance = json.loads(TINY.read_text(encoding="utf-8"))
    watch = Watch()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "instances"
        folder.mkdir()
        for number in range(told.jobs):
            (folder / f"{number:06}.json").write_text(json.dumps({**instance, "name": f"copy {number}"}))
        began, processor = time.monotonic(), time.process_time()
        with jitopt.batch(
            folder,
            store=Path(place) / "x.sqlite",
            methods="kanban_fill",
            workers=told.workers,
            progress=watch.look,
        ) as store:
            wall, processor = time.monotonic() - began, time.process_time() - processor
            counts = store.counts()
            seconds = store.columns()["seconds"]
    first = next(moment for moment in watch.done if moment[1] > 0)
    last = watch.done[-1]
    warm = sorted(seconds[first[1] :])
    third = len(watch.memory) // 3
    report = {
        "jobs": told.jobs,
        "workers": told.workers,
        "counts": counts,
        "wall [s]": round(wall, 1),
        "solves [s]": round(sum(seconds), 1),
        "median of a solve [ms]": round(1000 * warm[len(warm) // 2], 1),
        "overhead per job, warm [ms]": round(
            1000 * ((last[0] - first[0]) * told.workers - sum(seconds[first[1] :])) / (told.jobs - first[1]), 2
        ),
        "overhead per job, all in [ms]": round(1000 * (wall * told.workers - sum(seconds)) / told.jobs, 2),
        "parent's processor time per job [ms]": round(1000 * processor / told.jobs, 2),
        "parent's memory after a third, at the end [MB]": [round(watch.memory[third]), round(watch.memory[-1])],
        "parent's descriptors, least and most": [min(watch.descriptors), max(watch.descriptors)],
        "load of the machine": [round(load, 1) for load in os.getloadavg()],
        "processors": os.cpu_count(),
    }
    print(json.dumps(report, indent=2))
    if told.json:
        Path(told.json).write_text(json.dumps(report, indent=2) + "\n")
    sys.exit(counts != {"optimal": told.jobs})


if __name__ == "__main__":
    main()
