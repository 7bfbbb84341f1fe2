"""Heijunka against best-known values, plain CP-SAT, plain HiGHS and scipy's assignment.

    JITOPT_DATA=... python benchmarks/quality/heijunka.py [--seconds 10] [--seeds 1] [--family NAME] [-o DIR]

Car sequencing (CSPLib prob001, violated windows), part usage (two-level generated cases), product rates (demand
vectors with exact optimum).
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comparison import Decision, Family, data_folder

import jitopt

if TYPE_CHECKING:
    from collections.abc import Iterator

CARS = ("p00.txt", "p01.txt", "p02.txt", "pb_200_02.txt", "pb_400_04.txt")
RATES = ("nissan9_plan01", "nissan9_plan07", "nissan9_plan15", "nissan9_plan23")
OURS = ("auto", "heijunka_level")


def rows_of(name: str) -> list[dict[str, str]]:
    with (data_folder() / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def cars() -> Iterator[Any]:
    """Return the car-sequencing instances with their best-known violations; 0 is proven."""
    best = {row["file"]: float(row["best_known_violations"]) for row in rows_of("csplib/best_known.csv")}
    for name in CARS:
        instance = jitopt.read(data_folder() / "csplib" / name)
        kind = "upper" if best[name] else "optimum"
        yield instance.replace(name=Path(name).stem, known={kind: best[name], "reference": "CSPLib prob001"})


def usage() -> Iterator[Any]:
    """Return the two-level instances with the best objective known."""
    for row in rows_of("level/orv_best_known.csv"):
        file = data_folder() / "level" / f"{row['instance']}.txt"
        if row["best_J"] and file.exists():
            kind = "optimum" if row["status"].startswith("optimal") else "upper"
            yield read_usage(file, {kind: float(row["best_J"]), "reference": row["status"]})


def read_usage(file: Path, known: dict[str, Any]) -> Any:
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
        known=known,
    )


def rates() -> Iterator[Any]:
    """Return some demand vectors of a day of an engine plant with the exact least sum of squares."""
    for row in rows_of("level/prv_instances.csv"):
        demand = [int(word) for word in row["demand"].split()]
        if row["instance"] in RATES:
            yield jitopt.from_tables(
                "heijunka",
                {"products": {"product": [f"P{i + 1}" for i in range(len(demand))], "demand": demand}},
                name=row["instance"],
                objective=[{"term": "rate", "measure": "sum_squared"}],
                known={"optimum": float(row["opt_sum_sq"]), "reference": "exact, by assignment"},
            )


DECISION = Decision(
    problem="heijunka",
    families=(
        Family("cars", cars, (*OURS, "heijunka_plain_cpsat", "heijunka_plain_highs"), data="csplib"),
        Family("part-usage", usage, (*OURS, "heijunka_plain_cpsat"), data="level"),
        Family("product-rates", rates, (*OURS, "heijunka_scipy_assignment"), data="level"),
    ),
    peers=("heijunka_cpsat", "heijunka_highs", "heijunka_scipy"),
    seconds=10.0,
    absent="SimPy: a simulated line is not part of jitopt yet. HiGHS has no plain linear form of squared part usage.",
)

if __name__ == "__main__":
    DECISION.main(__doc__)
