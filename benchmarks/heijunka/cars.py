"""Car sequencing in CSPLib's format within a limit, beside the best known values; every sequence is counted anew.

    JITOPT_DATA=/path/to/data python benchmarks/heijunka/cars.py --seconds 20 --seeds 3 [NAME ...]
    python benchmarks/heijunka/cars.py --folder FOLDER [NAME ...]

Reads the folder `csplib` of the data, or any other: the files *.txt, all of them or those named, and
`best_known.csv` (columns file and best_known_violations), where it is there. The median over the seeds counts.
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


def known_of(folder: Path) -> dict[str, int]:
    """Return the best known value of each file that has one."""
    if not (folder / "best_known.csv").exists():
        return {}
    with (folder / "best_known.csv").open() as file:
        return {row["file"].removesuffix(".txt"): int(row["best_known_violations"]) for row in csv.DictReader(file)}


def main() -> None:
    """Solve and print a row for each file, then how many reach the best known value."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    folder = asked.folder or Path(os.environ["JITOPT_DATA"]) / "csplib"
    known = known_of(folder)
    names = asked.names or sorted(path.stem for path in folder.glob("*.txt"))
    # Machine code is made before anything is measured: by an instance with a bound to look for.
    jitopt.solve(jitopt.read(folder / f"{names[0]}.txt"), method="heijunka_cars", time_limit=60, seed=99, threads=2)
    behind = []
    print("| instance | best known | found, a seed each | median | bound | longest wall [s] |")
    print("|---|---|---|---|---|---|")
    for name in names:
        path = folder / f"{name}.txt"
        found, bounds, longest = [], [], 0.0
        for seed in range(asked.seeds):
            began = time.perf_counter()
            result = jitopt.solve(jitopt.read(path), time_limit=asked.seconds, seed=seed, threads=2)
            longest = max(longest, time.perf_counter() - began)
            sequence = getattr(result.plan, "sequence", None) or ()
            found.append(violated(path, list(sequence)))
            assert found[-1] == result.objective, (name, seed, found[-1], result.objective)
            bounds.append(result.bound if result.bound is not None else 0.0)
            assert max(bounds) <= min(found), (name, seed, bounds, found)
        median = statistics.median(found)
        best = str(known.get(name, ""))
        values = " ".join(map(str, found))
        print(f"| {name} | {best} | {values} | {median:g} | {max(bounds):g} | {longest:.1f} |", flush=True)
        if name in known:
            behind.append(median - known[name])
    if behind:
        most = max(behind)
        print(f"\nbest known value or better: {sum(d <= 0 for d in behind)} of {len(behind)}; most behind: {most:g}")


if __name__ == "__main__":
    main()
