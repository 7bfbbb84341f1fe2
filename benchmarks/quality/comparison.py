"""The one pattern of the quality tables: a decision, its families of instances, our methods and the peers.

Every job of every method is a job of one batch with one store, one at a time with all threads, our methods and the
peers in turn on each instance. The store stays with `-o DIR`: run again it only does what is missing.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tables import Table, notes, summary, table_of

import jitopt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Decision", "Family", "data_folder"]


TIGHT: dict[str, dict[str, Any]] = {
    "kanban": {"loops": 30, "limits": 3},
    "delivery": {"suppliers": 30, "parts": 4, "docks": 3, "storages": 3, "clusters": 0.3, "trucks": 0.4, "uneven": 0.3},
    "heijunka": {"products": 5, "units": 30, "parts": 4, "objective": "usage:sum_squared:1"},
    "sourcing": {"suppliers": 8, "parts": 20, "capacity": 0.9, "fixed_cost": 800.0},
}
"""For each problem what makes an instance whose search calls the kernels."""


@dataclass(frozen=True)
class Family:
    """Instances of one class and who solves them.

    instances: with what is known of their optimum. methods: ours first; the first is what ratios are taken to.
    data: folder of the public data it needs, "" for none.
    """

    name: str
    instances: Callable[[], Iterable[jitopt.Instance[Any]]]
    methods: tuple[str, ...]
    data: str = ""


@dataclass(frozen=True)
class Decision:
    """A decision, its families, and the modules of its peers.

    absent: what a user might expect here and why it is not.
    """

    problem: str
    families: tuple[Family, ...]
    peers: tuple[str, ...]
    seconds: float
    absent: str = ""

    def main(self, about: str | None) -> None:
        """Run what the command line asks for and print the tables."""
        asked = self._asked(about)
        for peer in self.peers:
            jitopt.register(f"peers.{peer}")
        warm(self.problem)
        with tempfile.TemporaryDirectory() as temporary:
            folder = asked.output or Path(temporary)
            for family in self.families:
                if not asked.family or family.name in asked.family:
                    self._show(family, folder, asked)
        if self.absent:
            print(f"\nNot compared: {self.absent}")

    def _asked(self, about: str | None) -> argparse.Namespace:
        parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("--seconds", type=float, default=self.seconds, help="limit of every job")
        parser.add_argument("--seeds", type=int, default=1, help="seeds of every method, from 0")
        parser.add_argument("--threads", type=int, default=2)
        parser.add_argument("--family", action="append", choices=[family.name for family in self.families])
        parser.add_argument("-o", "--output", type=Path, help="folder that keeps instances and store")
        return parser.parse_args()

    def _show(self, family: Family, folder: Path, asked: argparse.Namespace) -> None:
        if family.data and not (data_folder() / family.data).is_dir():
            print(f"\n{family.name}: skipped, JITOPT_DATA holds no {family.data}/")
            return
        place = folder / self.problem / family.name
        place.mkdir(parents=True, exist_ok=True)
        for instance in family.instances():
            jitopt.write(instance, place / f"{instance.name}.json")
        path = place.parent / "store.db"
        store = jitopt.batch(
            place,
            store=path,
            methods=family.methods,
            seeds=range(asked.seeds),
            time_limit=asked.seconds,
            threads=asked.threads,
            workers=1,
            resume=path.exists(),
        )
        rows = Table.of(store, family.name)
        store.close()
        print(f"\n{family.name}, {asked.seconds:g} s, {asked.threads} threads, seeds 0 to {asked.seeds - 1}:\n")
        print(table_of(rows, family.methods))
        print()
        print(summary(rows, family.methods))
        if said := notes(rows):
            print(f"\n{said}")
        sys.stdout.flush()


def warm(problem: str) -> None:
    """Have the machine code of the problem's heuristics made and kept before anything is timed."""
    from jitopt import jit
    from jitopt.heuristics.context import LocalContext

    instance = jitopt.generate(problem, seed=1, **TIGHT[problem])
    for method in jitopt.methods(problem):
        if (
            method.kind == "heuristic"
            and method.auto
            and method.technology == "numba"
            and method.module.startswith("jitopt.")
            and method.suits(instance)
        ):
            heuristic = method.load()
            heuristic.run(instance, LocalContext(limit=120.0, work=20_000))
            if hasattr(heuristic, "KERNELS"):
                jit.mark_cached(heuristic.KERNELS)


def data_folder() -> Path:
    """Return the folder of public instances, or say how to name it."""
    folder = os.environ.get("JITOPT_DATA")
    if not folder:
        sys.exit("Set JITOPT_DATA to the folder of public instances (csplib/, level/, orlib_cap/, jrp/, sscflp/).")
    return Path(folder)
