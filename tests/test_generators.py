"""Generators: feasible by construction, reproducible, and a mixture that exposes wrong methods."""

from __future__ import annotations

import textwrap
from collections import Counter
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from jitopt import registry
from jitopt.api import shut_down
from jitopt.errors import InputError
from jitopt.generators import OPTIONS, generate, random_small
from jitopt.generators.heijunka import equal_demand_optimum
from jitopt.generators.small_delivery import FOCUS as DELIVERY_FOCUS
from jitopt.generators.small_heijunka import FOCUS as HEIJUNKA_FOCUS
from jitopt.generators.small_sourcing import FOCUS as SOURCING_FOCUS
from jitopt.generators.sourcing_bound import lower_bound
from jitopt.problems.heijunka import Heijunka
from jitopt.problems.sourcing import Sourcing
from jitopt.testing import ConformanceError, check_formulation, check_heuristic, check_reader, optimum
from jitopt.testing.brute_force import count, plans

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jitopt.testing import Optimum

EVERYTHING: dict[str, dict[str, Any]] = {
    "delivery": {
        "clusters": 0.4, "allowed": 0.5, "trucks": 0.9, "docks": 2, "storages": 3, "lines": 2.0, "card_cost": 0.1,
        "safety": 0.5, "uneven": 0.5, "current": True, "change_price": 4.0, "change_cap": True,
    },
    "heijunka": {
        "weights": True, "parts": 4, "ratios": 3, "hard": 0.5, "spacing": 0.5, "runs": 0.5, "changeovers": 0.5,
        "current": True, "moves": True, "move_price": 1.5, "frozen": 3, "fixed": 2, "batch": 2,
        "stations": 2, "station_room": 0.2,
        "objective": "rate:sum_squared, usage:sum_absolute:0.5, changeover, ratio:sum_absolute",
    },
    "kanban": {
        "containers": 4, "limits": 4, "load": 0.97, "service": 0.4, "shortage": 0.3, "empty": 0.5, "interval": 0.5,
        "yields": 0.5, "bounds": 0.3, "current": True, "change_price": 0.05, "change_cap": True,
    },
    "sourcing": {
        "periods": 4, "breaks": "all_units", "fixed_cost": 100, "link_cost": 10, "order_cost": 5, "cover": 3,
        "capacity": 0.9, "quote_capacity": 0.8, "minimum": 0.5, "multiple": 0.5, "initial": 0.3, "holding": 0.02,
        "storage": 0.9, "shares": 0.5, "part_limits": 0.5, "supplier_cap": True, "quality": True, "award": True,
        "switch_price": 10, "switch_cap": True, "required": 2,
    },
}  # fmt: skip


@cache
def _tiny(problem: str, seed: int) -> tuple[Any, Optimum | None]:
    """Return a tiny instance and its optimum."""
    instance = random_small(problem, seed)
    return instance, optimum(instance)


# --- instances made to order ------------------------------------------------------------------------


@pytest.mark.parametrize("problem", OPTIONS)
def test_same_seed_same_instance(problem: str) -> None:
    for options in ({}, EVERYTHING[problem]):
        first = generate(problem, seed=3, **options)
        assert generate(problem, seed=3, **options) == first
        assert generate(problem, seed=4, **options).sha256() != first.sha256()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("problem", "changes"),
    [
        ("delivery", {}),
        ("delivery", {"optimal": True, "dock_load": 0.8}),
        ("heijunka", {}),
        ("heijunka", {"buckets": 6, "headroom": 1, "changeovers": 0.0, "stations": 0}),
        ("heijunka", {"buckets": 30, "changeovers": 0.0, "mix": "skewed", "stations": 0}),
        ("kanban", {}),
        ("kanban", {"loose": True}),
        ("sourcing", {}),
        ("sourcing", {"breaks": "incremental"}),
        ("sourcing", {"breaks": "supplier", "density": 1.0}),
    ],
)
def test_hidden_plan_keeps_every_rule(problem: str, changes: dict[str, Any], seed: int) -> None:
    """With every feature on, the instance has the plan it was built around."""
    instance = generate(problem, seed=seed, **(EVERYTHING[problem] | changes))
    known = instance.known
    assert known is not None
    found = instance.evaluate(instance.plan_type.model_validate(known.plan))
    assert found.violations == ()
    assert found.objective == (known.upper if known.optimum is None else known.optimum)


@pytest.mark.parametrize("problem", OPTIONS)
def test_every_option_changes_the_instance(problem: str) -> None:
    """Default and help are there; another value gives another question (or another `known`)."""
    line = {"stations": 3, "known": False}
    # What only shows beside another option.
    beside: dict[str, dict[str, Any]] = {
        "bill_density": {"parts": 3}, "option_share": {"ratios": 2}, "window": {"ratios": 2}, "hard": {"ratios": 2},
        "headroom": {"buckets": 5}, "changes": {"current": True}, "moves": {"current": True},
        "station_load": {"stations": 2}, "station_room": {"stations": 2}, "work_spread": {"stations": 2},
        "dock_load": {"docks": 2}, "storage_load": {"storages": 2}, "change_price": {"current": True},
        "change_cap": {"current": True},
        "days": {"buckets": 6}, "stock": {"buckets": 6, "days": 3}, "pack": {"buckets": 6}, "minutes": {"buckets": 6},
        "setup": {"buckets": 6, "minutes": 0.9},
        "major_cost": {"policy": "strict_cyclic"}, "alike": {"policy": "strict_cyclic"},
        "blocking": line, "places": line, "spread": line, "variation": line, "target": line,
        "utilisation": line | {"blocking": "kanban", "target": 0.5},
        "move_price": {"current": True}, "cover": {"periods": 3, "order_cost": 2.0}, "tiers": {"breaks": "all_units"},
    }  # fmt: skip
    values: dict[str, Any] = {
        "policy": "strict_cyclic",
        "mix": "even",
        "objective": "rate:max_absolute",
        "breaks": "supplier",
        "blocking": "kanban",
    }
    for name, (default, words) in OPTIONS[problem].items():
        assert words
        around = beside.get(name, {})
        if isinstance(default, bool):
            values[name] = not default
        elif isinstance(default, int):
            values[name] = default + 1
        elif isinstance(default, float):
            values[name] = 1.0 if 0 < default < 1 else 0.5
        other = {"stations": 3, "utilisation": 0.5}.get(name, values[name])
        plain, changed = generate(problem, seed=1, **around), generate(problem, seed=1, **around | {name: other})
        assert plain.to_dict() != changed.to_dict(), name


def test_wrong_options_are_refused() -> None:
    for problem, options in (
        ("delivery", {"policy": "weekly"}),
        ("delivery", {"clusters": 1.5}),
        ("delivery", {"change_cap": True}),
        ("heijunka", {"colour": 1}),
        ("heijunka", {"products": "5"}),
        ("heijunka", {"products": 0}),
        ("heijunka", {"products": 30}),
        ("heijunka", {"spacing": 1.5}),
        ("heijunka", {"mix": "odd"}),
        ("heijunka", {"objective": "rate:sum_cubed"}),
        ("heijunka", {"objective": "rate:sum_squared:much"}),
        ("heijunka", {"buckets": 4, "changeovers": 0.5}),
        ("heijunka", {"buckets": 4, "stations": 1}),
        ("heijunka", {"stations": 1, "work_spread": 1.5}),
        ("heijunka", {"frozen": 21}),
        ("heijunka", {"weights": 1}),
        ("kanban", {"loops": 0}),
        ("kanban", {"load": 0.0}),
        ("kanban", {"service": 1.5}),
        ("sourcing", {"breaks": "some"}),
        ("sourcing", {"suppliers": 0}),
        ("sourcing", {"density": -0.1}),
        ("chess", {}),
    ):
        with pytest.raises(InputError):
            generate(problem, seed=1, **options)
    for seed in (-1, True, 1.0):
        with pytest.raises(InputError):
            generate("heijunka", seed=seed)  # type: ignore[arg-type]
        with pytest.raises(InputError):
            random_small("sourcing", seed)  # type: ignore[arg-type]


@pytest.mark.parametrize("measure", ["sum_squared", "sum_absolute", "max_absolute", "max_squared"])
def test_equal_demands_have_a_closed_form(measure: str) -> None:
    for products, copies in ((2, 2), (3, 1), (3, 2), (5, 1)):
        instance = generate(
            "heijunka", seed=1, products=products, units=products * copies, mix="even", objective=f"rate:{measure}:2"
        )
        assert isinstance(instance, Heijunka)
        best = optimum(instance)
        assert best is not None
        assert instance.known is not None
        assert equal_demand_optimum(instance) == best.value
        assert instance.known.optimum == float(best.value)


def test_dominant_supplier_has_a_closed_form() -> None:
    for seed in range(5):
        instance = generate(
            "sourcing", seed=seed, dominant=True, periods=2, breaks="supplier", fixed_cost=50, link_cost=5,
            order_cost=3, quality=True, holding=0.02, minimum=0.5, suppliers=2, parts=2,
        )  # fmt: skip
        assert isinstance(instance, Sourcing)
        best = optimum(instance)
        assert best is not None
        assert instance.known is not None
        assert instance.known.optimum == pytest.approx(float(best.value))
        assert lower_bound(instance) == Fraction(str(instance.known.optimum))


def test_lower_bound_is_one() -> None:
    for seed in range(25):
        instance, best = _tiny("sourcing", seed)
        assert best is None or lower_bound(instance) <= best.value + Fraction(1, 10**6)


def test_large_instances() -> None:
    level = generate("heijunka", seed=1, products=100, units=5000, ratios=5, parts=10, spacing=0.3)
    assert level.size()["units"] == 5000
    bought = generate("sourcing", seed=1, suppliers=30, parts=100, periods=6, density=0.2, breaks="supplier")
    assert bought.size()["cells"] > 3000


# --- the mixture of tiny instances ----------------------------------------------------------------------


@pytest.mark.parametrize("problem", OPTIONS)
def test_mixture_is_tiny_reproducible_and_complete(problem: str) -> None:
    """Small enough to enumerate; with and without a plan; every rule of the problem appears."""
    instances = [_tiny(problem, seed)[0] for seed in range(50)]
    assert instances[:3] == [random_small(problem, seed) for seed in range(3)]
    rules = Counter(rule.name for instance in instances for rule in {r.name: r for r in instance.rules()}.values())
    focuses: dict[str, set[str | None]] = {
        "delivery": {focus for focus in DELIVERY_FOCUS if focus != "integrality"},
        "heijunka": {focus for _, focus in HEIJUNKA_FOCUS},
        "sourcing": set(SOURCING_FOCUS),
    }
    wanted = focuses.get(problem, set())
    wanted = {focus if focus is None or focus.startswith("term ") else focus.split(" ")[0] for focus in wanted}
    assert {focus for focus in wanted if focus and not focus.startswith("term ")} <= set(rules) | {"multiple"}
    infeasible = sum(_tiny(problem, seed)[1] is None for seed in range(50))
    assert 3 <= infeasible <= 20
    if problem == "heijunka":
        assert max(map(count, instances)) <= 650


def _heijunka_answers(instance: Heijunka) -> dict[str, bool]:
    """Tell for each rule whether leaving it out changes the answer of the enumeration."""
    judged = [instance.evaluate(plan) for plan in plans(instance)]
    rows = [(found.exact, {violation.rule for violation in found.violations}) for found in judged]
    best = min((value for value, broken in rows if not broken and value is not None), default=None)
    return {
        rule: min((value for value, broken in rows if broken <= {rule} and value is not None), default=None) != best
        for rule in {rule.name for rule in instance.rules()}
    }


def test_every_rule_of_heijunka_matters_in_both_forms() -> None:
    """A formulation that forgets one rule is exposed by one of sixty instances, as sequence and as box."""
    exposed: set[tuple[bool, str]] = set()
    for seed in range(60):
        instance, _ = _tiny("heijunka", seed)
        exposed |= {
            (instance.box is not None, rule) for rule, matters in _heijunka_answers(instance).items() if matters
        }
    rules = {focus for _, focus in HEIJUNKA_FOCUS if focus and not focus.startswith("term ")}
    both = {(box, rule) for rule in rules for box in (False, True)} - {(False, "capacity")}
    assert exposed == both | {(False, "colour_run")}


COLUMNS = {
    "capacity": ("suppliers", "capacity"),
    "quote_capacity": ("quotes", "capacity"),
    "minimum": ("quotes", "minimum"),
    "multiple": ("quotes", "multiple"),
    "storage": ("stock", "storage"),
    "share_at_least": ("shares", "at_least"),
    "share_at_most": ("shares", "at_most"),
    "part_suppliers_at_most": ("part_limits", "suppliers_at_most"),
    "defects": ("part_limits", "defects_at_most"),
    "late": ("part_limits", "late_at_most"),
    "suppliers_at_most": ("", "suppliers_at_most"),
    "suppliers_at_least": ("", "suppliers_at_least"),
    "part_suppliers_at_least": ("part_limits", "suppliers_at_least"),
    "switches": ("current", "at_most"),
    "required": ("", "required"),
    "maximum": ("quotes", "maximum"),
    "term discounts": ("", "discounts"),
    "term supplier_fixed": ("suppliers", "fixed_cost"),
    "term link_fixed": ("quotes", "fixed_cost"),
    "term ordering": ("quotes", "order_cost"),
    "term holding": ("stock", "holding_cost"),
    "term switching": ("current", "price"),
    "term defects": ("", "defect_cost"),
    "term lateness": ("", "late_cost"),
}
"""Table and column that hold a rule or a price."""


def _without(instance: Sourcing, feature: str) -> Sourcing | None:
    """Return the instance without a rule or price, None when it has none."""
    data = instance.to_dict()
    table, column = COLUMNS[feature]
    holder = data.get(table, {}) if table else data
    if holder.pop(column, None) is None:
        return None
    return Sourcing.parse(data)


def _matters(seed: int, feature: str) -> bool:
    instance, best = _tiny("sourcing", seed)
    changed = _without(instance, feature)
    if changed is None:
        return False
    other = optimum(changed)
    if best is None or other is None:
        return (best is None) != (other is None)
    if feature.startswith("term "):
        judged = instance.evaluate(other.plan)
        return not judged.feasible or bool(judged.objective > float(best.value) + 1e-6)
    return abs(float(best.value - other.value)) > 1e-6


@pytest.mark.parametrize("feature", COLUMNS)
def test_every_feature_of_sourcing_matters(feature: str) -> None:
    """A formulation that forgets one rule or price is exposed by one of ninety instances."""
    likely = sorted(range(90), key=lambda seed: not SOURCING_FOCUS[seed % len(SOURCING_FOCUS)].startswith(feature))
    assert any(_matters(seed, feature) for seed in likely)


# --- the kit finds what it is there to find ----------------------------------------------------------------

BUGS = {
    "dropped_rule": ("heijunka_cumulative_pyomo", "products.pop('spacing', None)", "", ""),
    "window_too_long": (
        "heijunka_cumulative_pyomo",
        "ratios['in_any'] = [q + 1 for q in ratios['in_any']] if ratios else None",
        "",
        "",
    ),
    "shifted_slot": (
        "heijunka_cumulative_pyomo",
        "",
        "",
        "plan = type(plan)(sequence=plan.sequence[1:] + plan.sequence[:1]) if plan.sequence else plan",
    ),
    "forgotten_cost": ("sourcing_quantity_pyomo", "quotes.pop('order_cost', None)", "", ""),
    "bound_too_tight": (
        "sourcing_quantity_pyomo",
        "",
        "for v in model.component_data_objects(pyo.Var):\n"
        "        if v.ub > 2:\n"
        "            v.setub(max(v.lb, v.ub / 2))",
        "",
    ),
}
"""For each bug: the formulation that gets it; what is done to its data, its model, its plan."""

WRAPPER = '''
"""A formulation with a bug.

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

import pyomo.environ as pyo

from jitopt.registry import formulation

FORMULATION = {{
    "name": "{name}", "problem": "{problem}", "technology": "pyomo", "solver": "highs", "exact": True,
    "summary": "-", "source": "-",
}}

TRUE = formulation("{base}")


def build(instance, elastic=None):
    data = instance.to_dict()
    products, quotes, ratios = data.get("products"), data.get("quotes"), data.get("ratios")
    {data}
    model = TRUE.build(type(instance).parse(data), elastic)
    {model}
    return model


def extract(instance, model, value):
    plan = TRUE.extract(instance, model, value)
    {plan}
    return plan


def start(instance, model, plan):
    return TRUE.start(instance, model, plan)
'''


@pytest.fixture(scope="module")
def bugs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Register a copy of a formulation with each bug, and a heuristic that cheats; forget them afterwards."""
    folder: Path = tmp_path_factory.mktemp("bugs")
    for name, (base, data, model, plan) in BUGS.items():
        problem = base.split("_")[0]
        parts = {"data": data or "pass", "model": model or "pass", "plan": plan or "pass"}
        text = WRAPPER.format(name=f"bug_{name}", base=base, problem=problem, **parts)
        (folder / f"bug_{name}.py").write_text(text, encoding="utf-8")
    cheat = """
    HEURISTIC = {"name": "bug_cheat", "problem": "heijunka", "summary": "-", "source": "-"}

    def run(instance, context):
        from jitopt.problems.heijunka import HeijunkaPlan
        products, demand = instance.products.product, instance.products.demand
        context.report(HeijunkaPlan(sequence=tuple(p for p, d in zip(products, demand) for _ in range(d))))
        context.bound(10.0 ** 6)
    """
    (folder / "bug_cheat.py").write_text(textwrap.dedent(cheat), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        before = dict(registry._REGISTERED)
        for file in sorted(folder.glob("*.py")):
            registry.register(file.stem)
        shut_down()
        yield
        registry._REGISTERED.clear()
        registry._REGISTERED.update(before)
        registry._listing.cache_clear()
        shut_down()


@pytest.mark.usefixtures("bugs")
@pytest.mark.parametrize("name", BUGS)
def test_seeded_bug_is_found(name: str) -> None:
    """By the first 25 instances, taken five at a time: behind the one that shows it nothing is left to learn."""
    with pytest.raises(ConformanceError) as caught:
        for first in range(0, 25, 5):
            check_formulation(f"bug_{name}", count=5, seed=first)
    assert caught.value.instance is not None
    assert '"problem"' in str(caught.value) and "refuses every instance" not in str(caught.value)


@pytest.mark.usefixtures("bugs")
def test_cheating_heuristic_is_found() -> None:
    with pytest.raises(ConformanceError):
        check_heuristic("bug_cheat", count=10)


@pytest.mark.usefixtures("bugs")
def test_kinds_are_told_apart() -> None:
    with pytest.raises(ConformanceError, match="check_heuristic"):
        check_formulation("bug_cheat")
    with pytest.raises(ConformanceError, match="check_formulation"):
        check_heuristic("bug_dropped_rule")


SAMPLE = "demand\nA 2\nB 3\n"


class Lines:
    """A toy format: the word demand, then a product and its demand on each line."""

    name = "lines"
    problem: str | None = "heijunka"

    def sniff(self, text: str) -> bool:
        return text.startswith("demand\n")

    def read(self, text: str, name: str) -> Heijunka:
        rows = [line.split(" ") for line in text.splitlines()[1:]]
        if not rows or any(len(row) != 2 or not row[1].isdecimal() or not row[1].isascii() for row in rows):
            raise InputError("a line is a product and its demand")
        table = {"product": [row[0] for row in rows], "demand": [int(row[1]) for row in rows]}
        head = {"problem": "heijunka", "version": 1, "name": name, "objective": [{"term": "rate"}]}
        return Heijunka.parse(head | {"products": table})


class Greedy(Lines):
    def sniff(self, text: str) -> bool:
        return True


class Careless(Lines):
    def read(self, text: str, name: str) -> Heijunka:
        return super().read(
            "\n".join(f"{line.split(' ')[0]} {int(line.split(' ')[1])}" for line in text.splitlines()[1:]), name
        )


class Moody(Lines):
    calls = 0

    def read(self, text: str, name: str) -> Heijunka:
        self.calls += 1
        return super().read(text, f"{name} {self.calls}")


def test_check_reader(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import jitopt.formats

    table = jitopt.formats.readers()

    def offer(reader: Any) -> None:
        monkeypatch.setattr(jitopt.formats, "readers", lambda: table | {"lines": reader})

    (tmp_path / "sample.txt").write_text(SAMPLE, encoding="utf-8")
    offer(Lines())
    check_reader("lines", [SAMPLE, tmp_path / "sample.txt", str(tmp_path / "sample.txt")])
    for reader, told in ((Greedy(), "sniff"), (Careless(), "escapes"), (Moody(), "twice")):
        offer(reader)
        with pytest.raises(ConformanceError, match=told):
            check_reader("lines", [SAMPLE])
    offer(Lines())
    for name, samples in (("lines", []), ("nobody's", [SAMPLE]), ("lines", ["something\nelse\n"])):
        with pytest.raises(ConformanceError):
            check_reader(name, samples)
