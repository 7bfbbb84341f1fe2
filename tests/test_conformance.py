"""The conformance kit over all there is: every formulation, heuristic and reader, and a package of somebody else.

Few instances, so that it runs with the other tests; `benchmarks/quality/agreement.py` takes five hundred.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

import jitopt
from jitopt.formats import readers
from jitopt.generators import random_small
from jitopt.problems import PROBLEMS
from jitopt.testing import check_formulation, check_heuristic, check_reader, optimum

if TYPE_CHECKING:
    from pathlib import Path

OWN = [method for method in jitopt.methods() if method.module.startswith("jitopt.")]
COUNT = 4


def names(kind: str) -> list[str]:
    return [method.name for method in OWN if method.kind == kind]


OF_LINES = {"kanban_path_pyomo"}
"""Formulations for tiny samples of lines, which the kit does not draw: see test_kanban_line_methods.py."""


@pytest.mark.parametrize("name", [name for name in names("formulation") if name not in OF_LINES])
def test_formulation(name: str) -> None:
    check_formulation(name, count=COUNT)


@pytest.mark.parametrize("name", names("heuristic"))
def test_heuristic(name: str) -> None:
    check_heuristic(name, count=COUNT)


# --- readers -------------------------------------------------------------------------------------

CARS = "% six cars\n6 2 3\n1 2\n2 3\n0 2 1 0\n1 3 0 1\n2 1 1 1\n"
SITES = " 2 3\n 100 7.5\n 100 8\n 10\n 20 30\n 5\n 10 4.5\n 8\n 0 16\n"
DAY = """=== vehicles.txt ===
Date;SeqRank;Ident;Paint Color;HPRC1;LPRC1;
2003 38 3;1;v1;1;1;0;
2003 38 4;1;v2;1;0;1;
2003 38 4;2;v3;2;1;0;
2003 38 4;3;v4;2;0;0;
=== ratios.txt ===
Ratio;Prio;Ident;
1/2;1;HPRC1;
1/3;0;LPRC1;
=== paint_batch_limit.txt ===
limitation;
10;
=== optimization_objectives.txt ===
rank;objective name;
1;high_priority_level_and_easy_to_satisfy_ratio_constraints;
2;paint_color_batches;
3;low_priority_level_ratio_constraints;
"""
TWO_LEVELS = "2 3\n2 1\n1 0\n0 2\n1 1\n1\n3\n"
RATES = "instance,demand,D\nmonden,2 3 5,10\n"
NATIVE = [
    json.dumps(random_small(problem, seed).to_dict(), indent=1, ensure_ascii=False)
    for problem in PROBLEMS
    for seed in range(3)
]
SAMPLES: dict[str, list[str]] = {
    "json": NATIVE,
    "csplib": [CARS],
    "orlib-cap": [SITES],
    "roadef2005": [DAY],
    "orv": [TWO_LEVELS],
    "prv": [RATES],
}


def test_every_reader_has_a_sample() -> None:
    assert set(SAMPLES) == set(readers())


@pytest.mark.parametrize("name", SAMPLES)
def test_reader(name: str) -> None:
    check_reader(name, SAMPLES[name])


@pytest.mark.parametrize(("name", "pattern"), [("csplib", "csplib/**/*.txt"), ("orlib-cap", "orlib_cap/**/cap6*.txt")])
def test_reader_of_public_files(data: Path, name: str, pattern: str) -> None:
    files = [path for path in sorted(data.glob(pattern)) if readers()[name].sniff(path.read_text(encoding="utf-8"))]
    assert files
    check_reader(name, files[:2])


# --- agreement -----------------------------------------------------------------------------------

AGREED = 3


@pytest.mark.parametrize("seed", range(100, 100 + AGREED))
@pytest.mark.parametrize("problem", PROBLEMS)
def test_all_exact_roads_auto_and_enumeration_agree(problem: str, seed: int) -> None:
    instance = random_small(problem, seed)
    best = optimum(instance)
    for name in [
        "auto",
        *(method.name for method in OWN if method.problem == problem and method.exact and method.name not in OF_LINES),
    ]:
        result = jitopt.solve(instance, method=name, time_limit=30)
        assert jitopt.audit(instance, result.to_dict()) == [] and result.warnings == (), name
        if best is None:
            assert (result.status, result.plan) == ("infeasible", None), name
        else:
            assert result.status == "optimal", name
            assert result.objective == pytest.approx(float(best.value), rel=1e-6, abs=1e-6), name


def test_the_instances_of_the_agreement_are_of_both_kinds() -> None:
    answers = [optimum(random_small(problem, 100 + k)) is None for problem in PROBLEMS for k in range(AGREED)]
    assert any(answers) and not all(answers)


# --- a package of somebody else ------------------------------------------------------------------

FORMULATION = '''
"""Counts so far, as jitopt has them.

Sets
----
-

Data
----
-

Variables
---------
-

Objective
---------
-

Constraints
-----------
-

Source
------
-
"""

FORMULATION = {
    "name": "heijunka_guest_pyomo", "problem": "heijunka", "technology": "pyomo", "solver": "highs", "exact": True,
    "summary": "a guest's model", "source": "-",
}


def build(instance, elastic=None):
    from jitopt.models import heijunka_cumulative_pyomo as host

    model = host.build(instance, elastic)
    SPOIL
    return model


def extract(instance, model, value):
    from jitopt.models import heijunka_cumulative_pyomo as host

    return host.extract(instance, model, value)


def start(instance, model, plan):
    from jitopt.models import heijunka_cumulative_pyomo as host

    return host.start(instance, model, plan)
'''

HEURISTIC = '''
"""Random orders, the best of which is kept."""

import random

HEURISTIC = {"name": "heijunka_guest_dice", "problem": "heijunka", "summary": "a guest's dice", "source": "-"}


def run(instance, context):
    dice = random.Random(context.seed)
    demand = zip(instance.products.product, instance.products.demand)
    units = [product for product, count in demand for _ in range(count)]
    best = None
    for _ in range(min(context.work or 500, 500)):
        if context.stopped():
            return
        dice.shuffle(units)
        plan = instance.plan_type.model_validate(lay_out(instance, units, dice))
        found = instance.evaluate(plan)
        if found.feasible and (best is None or found.exact < best):
            best = found.exact
            context.report(plan)


def lay_out(instance, units, dice):
    if instance.box is None:
        return {"sequence": list(units)}
    rows = [{"product": unit, "bucket": dice.randint(1, instance.slots), "quantity": 1} for unit in units]
    return {"buckets": rows}
'''

CHECKS = """
import jitopt, sys
from jitopt.cli import main
from jitopt.testing import check_formulation, check_heuristic

main(["methods", "heijunka"])
assert jitopt.method("heijunka_guest_dice").family != jitopt.method("heijunka_level").family
check_heuristic("heijunka_guest_dice", count=6)
check_formulation("heijunka_guest_pyomo", count=3)
jitopt.shut_down()
print("conforms")
"""


def install(folder: Path, **modules: str) -> None:
    """Lay a package down as an installer does: modules, metadata, entry points."""
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    info = folder / "guest-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: guest\nVersion: 1.0\n", encoding="utf-8")
    points = "[jitopt.formulations]\nmodel = guest_model\n[jitopt.heuristics]\ndice = guest_dice\n"
    (info / "entry_points.txt").write_text(points, encoding="utf-8")


def run_checks(folder: Path) -> subprocess.CompletedProcess[str]:
    # The program is a file of its own, so that the folder stands on the path as site-packages does.
    program = folder / "program.py"
    program.write_text(textwrap.dedent(CHECKS), encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, str(program)], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )


def test_a_package_of_somebody_else_is_listed_and_conforms(tmp_path: Path) -> None:
    install(tmp_path, guest_model=FORMULATION.replace("SPOIL", "pass"), guest_dice=HEURISTIC)
    done = run_checks(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "heijunka_guest_pyomo" in done.stdout and "heijunka_guest_dice" in done.stdout
    assert done.stdout.rstrip().endswith("conforms")


def test_a_package_that_errs_is_found_out(tmp_path: Path) -> None:
    """The same model with its objective off by one."""
    spoilt = FORMULATION.replace("SPOIL", "goal = next(model.component_objects(ctype=OBJECTIVE)); goal.expr += 1")
    spoilt = spoilt.replace("\n\n\ndef build", "\n\nfrom pyomo.environ import Objective as OBJECTIVE\n\n\ndef build", 1)
    install(tmp_path, guest_model=spoilt, guest_dice=HEURISTIC)
    done = run_checks(tmp_path)
    assert done.returncode != 0 and "ConformanceError" in done.stderr and "heijunka_guest_pyomo" in done.stderr


def test_a_heuristic_that_promises_too_much_is_found_out(tmp_path: Path) -> None:
    """The same dice with a bound that is none."""
    spoilt = HEURISTIC.replace("best = None\n", "best = None\n    context.bound(1e6)\n", 1)
    install(tmp_path, guest_model=FORMULATION.replace("SPOIL", "pass"), guest_dice=spoilt)
    done = run_checks(tmp_path)
    assert done.returncode != 0 and "ConformanceError" in done.stderr and "heijunka_guest_dice" in done.stderr


def test_samples_are_not_empty_words() -> None:
    """The samples hold what their formats are for."""
    cars: Any = readers()["csplib"].read(CARS, "x")
    sites: Any = readers()["orlib-cap"].read(SITES, "x")
    assert cars.units == 6 and len(sites.quotes.part) == 6
