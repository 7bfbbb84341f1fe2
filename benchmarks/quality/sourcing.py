"""Sourcing against proven optima, scipy's milp, plain CP-SAT, and Pyomo with plain HiGHS.

    JITOPT_DATA=... python benchmarks/quality/sourcing.py [--seconds 10] [--seeds 1] [--family NAME] [-o DIR]

OR-Library capacitated location as one-period sourcing, single-source location (every part from one supplier), and
generated quotes with price breaks.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from comparison import Decision, Family, data_folder

import jitopt
from jitopt.generators import generate

if TYPE_CHECKING:
    from collections.abc import Iterator

SINGLE = (("holmberg", "p1"), ("holmberg", "p6"), ("yang", "p1"))
OURS = ("auto", "sourcing_assign")


def location() -> Iterator[Any]:
    """Return OR-Library's cap instances with their optima."""
    folder = data_folder() / "orlib_cap"
    for line in (folder / "best_known.txt").read_text(encoding="utf-8").splitlines():
        name, best = line.split()[:2]
        if (folder / f"{name}.txt").exists():
            known = {"optimum": float(best), "reference": "OR-Library"}
            yield jitopt.read(folder / f"{name}.txt").replace(name=name, known=known)


def single_source() -> Iterator[Any]:
    """Return single-source location: `m n`, capacity and fixed cost of m sites, n demands, m rows of n costs."""
    folder = data_folder() / "sscflp"
    with (folder / "best_known.csv").open(encoding="utf-8") as file:
        best = {(row["set"], row["file"]): float(row["optimum"]) for row in csv.DictReader(file)}
    for group, name in SINGLE:
        text = (folder / group / name).read_text(encoding="utf-8").replace("\0", " ")
        numbers = [float(token) for token in text.split()]
        sites, customers = int(numbers[0]), int(numbers[1])
        demand = numbers[2 + 2 * sites : 2 + 2 * sites + customers]
        costs = numbers[2 + 2 * sites + customers :]
        parts = [f"c{row + 1}" for row in range(customers)]
        suppliers = [f"s{row + 1}" for row in range(sites)]
        cells = [(s, c) for s in range(sites) for c in range(customers)]
        yield jitopt.from_tables(
            "sourcing",
            {
                "suppliers": {
                    "supplier": suppliers,
                    "capacity": numbers[2 : 2 + 2 * sites : 2],
                    "fixed_cost": numbers[3 : 3 + 2 * sites : 2],
                },
                "parts": {"part": parts, "period": [1] * customers, "demand": demand},
                "quotes": {
                    "supplier": [suppliers[s] for s, _ in cells],
                    "part": [parts[c] for _, c in cells],
                    "price": [costs[s * customers + c] / demand[c] for s, c in cells],
                },
                "part_limits": {"part": parts, "suppliers_at_most": [1] * customers},
            },
            name=f"{group}-{name}",
            known={"optimum": best[group, name], "reference": "published optimum"},
        )


def breaks() -> Iterator[Any]:
    """Return one-period quotes with all-units price breaks, capacities and fixed costs."""
    for seed in (1, 2):
        options: dict[str, Any] = {
            "suppliers": 20, "parts": 80, "density": 0.5, "breaks": "all_units", "capacity": 0.8, "fixed_cost": 800.0,
            "link_cost": 30.0,
        }  # fmt: skip
        yield generate("sourcing", seed=seed, **options).replace(name=f"breaks-20x80-{seed}")


DECISION = Decision(
    problem="sourcing",
    families=(
        Family("location", location, (*OURS, "sourcing_scipy_milp"), data="orlib_cap"),
        Family("single-source", single_source, (*OURS, "sourcing_scipy_milp", "sourcing_plain_cpsat"), data="sscflp"),
        Family("price-breaks", breaks, (*OURS, "sourcing_plain_pyomo")),
    ),
    peers=("sourcing_scipy", "sourcing_cpsat", "sourcing_pyomo"),
    seconds=10.0,
)

if __name__ == "__main__":
    DECISION.main(__doc__)
