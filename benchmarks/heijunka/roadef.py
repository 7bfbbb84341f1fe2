"""ROADEF 2005 (Renault): our sequences, scored from the raw files by code that shares no line with jitopt.

    JITOPT_DATA=... python benchmarks/heijunka/roadef.py [--seconds 60] [--threads 2] [--seed 0] [NAME ...]
    JITOPT_DATA=... python benchmarks/heijunka/roadef.py --plans FOLDER [NAME ...]
    JITOPT_DATA=... python benchmarks/heijunka/roadef.py --cpu [--seconds 60] [NAME ...]

For every instance under JITOPT_DATA/roadef2005/set_*: one `jitopt.solve` of the folder by `auto`, its sequence scored
here, beside the order of SeqRank scored the same way and, where `renault_order.csv` holds it, beside the score told
there. A line tells the three objectives in the instance's own order. With --plans the sequences are read from
FOLDER/NAME.json (`{"sequence": [...]}` or a result file) instead. With --cpu the heuristic runs in this process by a
clock of its own processor time over the threads: what a machine without other work gives in so many seconds. Ends with
code 1 where a sequence breaks a rule, a score differs from what jitopt or `renault_order.csv` says, or the first
objective is above Renault's own.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WORDS = {"high_priority": "H", "low_priority": "L", "paint_color": "C"}


@dataclass
class Case:
    """The raw files of an instance. cars: ident to (rank, colour, options); before: the day before, in order."""

    order: str
    limit: int
    ratios: list[tuple[int, int, str]]
    before: list[tuple[str, tuple[int, ...]]]
    cars: dict[str, tuple[int, str, tuple[int, ...]]]


def lines(path: Path) -> list[list[str]]:
    """Return the fields of a file, empty lines and empty last fields left out."""
    rows = [line.strip().rstrip(";") for line in path.read_text().splitlines()]
    return [[field.strip() for field in row.split(";")] for row in rows if row]


def load(folder: Path) -> Case:
    """Read the four files."""
    names = lines(folder / "vehicles.txt")[0][4:]
    told = {}
    for ratio, priority, ident in lines(folder / "ratios.txt")[1:]:
        most, window = ratio.split("/")
        told[ident] = (int(most), int(window), "H" if priority == "1" else "L")
    ranked = sorted((int(rank), name) for rank, name in lines(folder / "optimization_objectives.txt")[1:])
    order = "".join(next(letter for word, letter in WORDS.items() if name.startswith(word)) for _, name in ranked)
    rows = lines(folder / "vehicles.txt")[1:]
    first = rows[0][0]
    before = sorted((int(r[1]), r[3], tuple(map(int, r[4:]))) for r in rows if r[0] == first)
    cars = {r[2]: (int(r[1]), r[3], tuple(map(int, r[4:]))) for r in rows if r[0] != first}
    limit = int(lines(folder / "paint_batch_limit.txt")[1][0])
    return Case(order, limit, [told[name] for name in names], [row[1:] for row in before], cars)


def counts(case: Case, sequence: list[str]) -> dict[str, int]:
    """Return the excesses of high and low priority and the colour changes; ValueError for a broken rule."""
    if sorted(sequence) != sorted(case.cars):
        raise ValueError("the sequence does not hold each car of the day once")
    day = [case.cars[ident][1:] for ident in sequence]
    run = 0
    for at, (colour, _) in enumerate(day):
        run = run + 1 if at and day[at - 1][0] == colour else 1
        if run > case.limit:
            raise ValueError(f"more than {case.limit} cars of one colour in a row at position {at + 1}")
    line = case.before + day
    found = {
        "H": 0,
        "L": 0,
        "C": sum(
            a[0] != b[0] for a, b in zip(line[max(0, len(case.before) - 1) :], day[not case.before :], strict=False)
        ),
    }
    for column, (most, window, letter) in enumerate(case.ratios):
        for begin in range(max(0, len(case.before) - window + 1), len(line)):
            load = sum(options[column] for _, options in line[begin : begin + window])
            found[letter] += max(0, load - most)
    return found


def score(case: Case, found: dict[str, int]) -> int:
    """Return 1,000,000 times the first objective + 1,000 times the second + the third."""
    return sum(weight * found[letter] for weight, letter in zip((10**6, 10**3, 1), case.order, strict=False))


def solved(folder: Path, seconds: float, threads: int, seed: int) -> tuple[list[str], float, float | None]:
    """Return our sequence, what jitopt says it costs, and its bound."""
    import jitopt

    instance = jitopt.read(folder, format="roadef2005")
    result: Any = jitopt.solve(instance, time_limit=seconds, threads=threads, seed=seed)
    return list(result.plan.sequence), result.objective, result.bound


def solved_by_cpu(folder: Path, seconds: float, threads: int, seed: int) -> tuple[list[str], float, float | None]:
    """Return the same of the heuristic alone, the seconds being those of the processor on each thread."""
    import jitopt
    from jitopt.heuristics import heijunka_paint
    from jitopt.heuristics.context import LocalContext

    instance: Any = jitopt.read(folder, format="roadef2005")
    heijunka_paint.run(instance, LocalContext(work=1))  # The kernels are compiled now.
    clock, begin = time.monotonic, time.process_time()
    time.monotonic = lambda: (time.process_time() - begin) / threads
    try:
        context = LocalContext(seconds, seed)
        context.threads = threads
        heijunka_paint.run(instance, context)
    finally:
        time.monotonic = clock
    plan = min(context.plans[-20:], key=lambda plan: instance.evaluate(plan).objective)
    return list(plan.sequence), instance.evaluate(plan).objective, context.bounds[-1]


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="ROADEF 2005: our sequences scored from the raw files")
    parser.add_argument("names", nargs="*", help="beginnings of the names of instances")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cpu", action="store_true", help="the heuristic alone, by a clock of its processor time")
    parser.add_argument("--plans", type=Path, help="folder with a plan or result NAME.json for each instance")
    options = parser.parse_args()
    root = Path(os.environ.get("JITOPT_DATA", "")) / "roadef2005"
    folders = sorted(path for path in root.glob("set_*/*") if path.is_dir())
    folders = [path for path in folders if not options.names or path.name.startswith(tuple(options.names))]
    if not folders:
        print("no instance found: set JITOPT_DATA to the folder that holds roadef2005", file=sys.stderr)
        return 2
    known = {}
    if (root / "renault_order.csv").exists():
        rows = csv.DictReader((root / "renault_order.csv").open())
        known = {row["instance"]: int(row["score_of_renault_initial_sequence"]) for row in rows}
    print(
        f"{'instance':28}{'order':6}{'first':>7}{'second':>8}{'third':>7}{'score':>13}{'SeqRank':>13}{'bound':>12}{'s':>7}"
    )
    bad = lower = 0
    for folder in folders:
        case = load(folder)
        ranked = sorted(case.cars, key=lambda ident: case.cars[ident][0])
        theirs = counts(case, ranked)
        began = time.perf_counter()
        told, bound = None, None
        if options.plans:
            data = json.loads((options.plans / f"{folder.name}.json").read_text())
            sequence = data.get("plan", data)["sequence"]
        else:
            run = solved_by_cpu if options.cpu else solved
            sequence, told, bound = run(folder, options.seconds, options.threads, options.seed)
        seconds = time.perf_counter() - began
        try:
            ours = counts(case, sequence)
        except ValueError as error:
            print(f"{folder.name:28}{error}")
            bad += 1
            continue
        value, other = score(case, ours), score(case, theirs)
        marks = []
        if told is not None and told != value:
            marks.append(f"jitopt says {told:.0f}")
        if known.get(folder.name, other) != other:
            marks.append(f"renault_order.csv says {known[folder.name]}")
        if ours[case.order[0]] > theirs[case.order[0]]:
            marks.append("first objective above SeqRank")
        bad += bool(marks)
        lower += value < other
        parts = "".join(f"{ours[letter]:>{width}}" for letter, width in zip(case.order, (7, 8, 7), strict=False))
        print(
            f"{folder.name:28}{case.order:6}{parts:22}{value:>13}{other:>13}"
            f"{'' if bound is None else f'{bound:.0f}':>12}{seconds:>7.1f}  {'; '.join(marks)}",
            flush=True,
        )
    print(f"{len(folders)} instances, {lower} with a lower score than SeqRank, {bad} with a fault")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
