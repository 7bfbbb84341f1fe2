"""Heijunka against best-known values and against plain CP-SAT, side by side in one run.

    JITOPT_DATA=... python benchmarks/quality/heijunka.py [--seconds 20] [--seed 0]

Car sequencing (CSPLib prob001, violated windows), part usage (two-level generated cases), product rate
(demand vectors with exact optimum). The peer is the plain CP-SAT model a user would write: one Boolean per
class and position, windows softened, no hints; two workers as for us.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

from table import data_folder, gap, ours, peer, show

import jitopt

CARS = ("p00.txt", "p01.txt", "p02.txt", "pb_200_02.txt", "pb_300_03.txt", "pb_400_04.txt")
PEER = Path(__file__).parent / "peer_cpsat_sequence.py"


def cars(folder: Path) -> list[tuple[str, Any, float]]:
    """Return the car-sequencing instances with their best-known violations."""
    with (folder / "csplib" / "best_known.csv").open(encoding="utf-8") as file:
        best = {row["file"]: float(row["best_known_violations"]) for row in csv.DictReader(file)}
    return [(name, jitopt.read(folder / "csplib" / name), best[name]) for name in CARS if name in best]


def usage(folder: Path) -> list[tuple[str, Any, float]]:
    """Return the two-level instances with the best objective known."""
    with (folder / "level" / "orv_best_known.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    files = [(folder / "level" / f"{row['instance']}.txt", float(row["best_J"])) for row in rows if row["best_J"]]
    return [(file.stem, read_usage(file), best) for file, best in files if file.exists()]


def read_usage(file: Path) -> Any:
    """Read `M P`, demands, then P rows of M part counts."""
    tokens = file.read_text(encoding="utf-8").split()
    models, parts = int(tokens[0]), int(tokens[1])
    demand = [int(token) for token in tokens[2 : 2 + models]]
    counts = [int(token) for token in tokens[2 + models : 2 + models + models * parts]]
    bill = [
        (f"M{m}", f"P{p}", counts[p * models + m])
        for p in range(parts)
        for m in range(models)
        if counts[p * models + m]
    ]
    return jitopt.from_tables(
        "heijunka",
        {
            "products": {"product": [f"M{m}" for m in range(models)], "demand": demand},
            "bill": {name: [row[i] for row in bill] for i, name in enumerate(("product", "part", "quantity"))},
        },
        name=file.stem,
        objective=[{"term": "usage", "measure": "sum_squared"}],
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    folder = data_folder()
    rows = []
    for name, instance, best in cars(folder) + usage(folder):
        mine = ours(instance, "auto", arguments.seconds, arguments.seed)
        quick = ours(instance, "heijunka_level", arguments.seconds / 10, arguments.seed)
        theirs = peer(PEER, instance.to_dict(), arguments.seconds)
        judged = None
        if theirs.get("sequence"):
            judged = jitopt.check(instance, {"sequence": theirs["sequence"]}).objective
        rows.append(
            {
                "instance": name,
                "best known": f"{best:g}",
                "auto": gap(mine["objective"], best),
                "bound": "none" if mine["bound"] is None else f"{mine['bound']:g}",
                f"heuristic {arguments.seconds / 10:g} s": gap(quick["objective"], best),
                "plain CP-SAT": gap(judged, best),
            }
        )
    show(rows)


if __name__ == "__main__":
    main()
