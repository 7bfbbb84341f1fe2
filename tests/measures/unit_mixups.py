"""Multiply single cells of a plant by 1,000 and 1/1,000, and look whether the reading names them.

As a program it prints the share of hits by column:
python tests/measures/unit_mixups.py [PLANT or SEED:SIZE] ...
"""

from __future__ import annotations

import copy
import random
import sys
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.planning.cells import columns_of
from jitopt.planning.reading import plant_of, read_plant
from jitopt.planning.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

Cell = tuple[str, int, str]
FACTORS = (1000, 1 / 1000)


def cells(data: dict[str, Any]) -> Iterator[Cell]:
    """Every cell of a plant that holds a number a factor can change: table, row from 0, column."""
    for table, columns in data.items():
        if table in TABLES:
            for header, column in columns_of(TABLES[table]).items():
                if column.kind.word in ("number", "count"):
                    yield from ((table, row, header) for row, value in enumerate(columns.get(header, ())) if value)


def outcome(data: dict[str, Any], cell: Cell, factor: float) -> str:
    """Read the plant with one cell changed: hit, extra (others named as well), misplaced, or missed."""
    table, row, column = cell
    changed = dict(data)
    changed[table] = dict(data[table])
    changed[table][column] = list(data[table][column])
    value = float(f"{changed[table][column][row] * factor:.12g}")
    changed[table][column][row] = int(value) if value.is_integer() else value
    try:
        found = [(w.table, w.row - 2, w.column) for w in plant_of(changed, "plant").warnings]
    except InputError as error:
        found = [(f["table"], f["row"] - 2, f["column"]) for f in error.faults if not f["follows"]]
    if not found:
        return "missed"
    if cell not in found:
        return "misplaced"
    return "hit" if len(found) == 1 else "extra"


def measure(data: dict[str, Any], sample: int = 0, seed: int = 1) -> dict[tuple[str, str, float], Counter[str]]:
    """Count the outcomes by table, column and factor; sample: cells of a column that are tried, 0 for all."""
    columns = defaultdict(list)
    for cell in cells(data):
        columns[cell[0], cell[2]].append(cell)
    rng = random.Random(seed)
    found: dict[tuple[str, str, float], Counter[str]] = {}
    for (table, column), group in columns.items():
        chosen = rng.sample(group, min(sample, len(group))) if sample else group
        for factor in FACTORS:
            found[table, column, factor] = Counter(outcome(data, cell, factor) for cell in chosen)
    return found


def main(names: list[str]) -> None:
    """Print a row per column: what became of its cells times 1,000, and divided by it."""
    total: dict[tuple[str, str], dict[float, Counter[str]]] = {}
    for name in names:
        if ":" in name:
            from jitopt.planning import generate_plant

            seed, size, sample = name.split(":")
            plant = generate_plant(seed=int(seed), size=size)
            found = measure(copy.deepcopy(plant.to_dict()), int(sample))
        else:
            found = measure(read_plant(name).plant.to_dict())
        for (table, column, factor), counts in found.items():
            slot = total.setdefault((table, column), {f: Counter() for f in FACTORS})
            slot[factor].update(counts)
    whole: Counter[str] = Counter()
    for (table, column), slots in total.items():
        told = []
        for counts in slots.values():
            whole.update(counts)
            told.append(" ".join(f"{counts[word]:5d}" for word in ("hit", "extra", "misplaced", "missed")))
        print(f"{table + '.' + column:26s} | {' | '.join(told)}")
    print("all", dict(whole), f"hits {whole['hit'] / whole.total():.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
