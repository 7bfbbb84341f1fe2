"""Car sequencing of CSPLib within a limit, beside the best known values; every sequence is counted anew from the file.

    JITOPT_DATA=/path/to/data python benchmarks/heijunka/cars.py --seconds 20 --seeds 3 [NAME ...]

Reads the folder `csplib` of the data: the files and `best_known.csv`. The median over the seeds counts.
"""

from __future__ import annotations

import argparse
import csv
import os
import statistics
import time
from pathlib import Path

import jitopt


def violated(file: Path, sequence: list[str]) -> int:
    """Count the violated windows of a sequence of class labels from the file itself; -1 if it builds something else."""
    rows = [line.split() for line in file.read_text().splitlines() if line.strip() and not line.startswith("%")]
    cars, options, classes = map(int, rows[0])
    most, length = ([int(word) for word in row] for row in rows[1:3])
    body = rows[3 : 3 + classes]
    if sorted(sequence) != sorted(row[0] for row in body for _ in range(int(row[1]))):
        return -1
    carries = {row[0]: [int(word) for word in row[2 : 2 + options]] for row in body}
    return sum(
        sum(carries[car][o] for car in sequence[first : first + length[o]]) > most[o]
        for o in range(options)
        for first in range(cars - length[o] + 1)
    )


def main() -> None:
    """Solve and print a row for each file, then how many reach the best known value."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    folder = Path(os.environ["JITOPT_DATA"]) / "csplib"
    with (folder / "best_known.csv").open() as file:
        known = {row["file"].removesuffix(".txt"): int(row["best_known_violations"]) for row in csv.DictReader(file)}
    # Machine code is made before anything is measured.
    jitopt.solve(jitopt.read(folder / "p00.txt"), method="heijunka_cars", time_limit=60, seed=99, threads=2)
    behind = []
    print("| instance | best known | found, a seed each | median | longest wall [s] |")
    print("|---|---|---|---|---|")
    for name in asked.names or known:
        path = folder / f"{name}.txt"
        found, longest = [], 0.0
        for seed in range(asked.seeds):
            began = time.perf_counter()
            result = jitopt.solve(jitopt.read(path), time_limit=asked.seconds, seed=seed, threads=2)
            longest = max(longest, time.perf_counter() - began)
            sequence = getattr(result.plan, "sequence", None) or ()
            found.append(violated(path, list(sequence)))
            assert found[-1] == result.objective, (name, seed, found[-1], result.objective)
        median = statistics.median(found)
        behind.append(median - known[name])
        print(f"| {name} | {known[name]} | {' '.join(map(str, found))} | {median:g} | {longest:.1f} |", flush=True)
    print(f"\nbest known value or better: {sum(d <= 0 for d in behind)} of {len(behind)}; most behind: {max(behind):g}")


if __name__ == "__main__":
    main()
