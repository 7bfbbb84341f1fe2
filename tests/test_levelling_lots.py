"""Economic lots and product wheels: Bomberger's press, brute force, and a check that runs through every cycle."""

import contextlib
import io
import itertools
import json
import math
import random
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import jitopt
from jitopt.cli import main
from jitopt.errors import InputError
from jitopt.levelling import Run, Schedule, best_order, check_schedule, economic_lots, pitch, product_wheel, takt
from jitopt.levelling.basic_period import Turns, least_turn, pack, shortest_turns
from jitopt.levelling.changeovers import changeovers, visits
from jitopt.levelling.lot_sequence import sequence_lots
from jitopt.levelling.multiples import Figures, best_turns

SHIPPED = Path(next(iter(__import__("jitopt.instances").instances.__path__))) / "levelling"

ANY_PACK: Any = 2.5

BOMBERGER: Any = {
    "available": 480,
    "demand": [400, 400, 800, 1600, 80, 80, 24, 340, 340, 400],
    "run": [Fraction(480, rate) for rate in (30000, 8000, 9500, 7500, 2000, 6000, 2400, 1300, 2000, 15000)],
    "setup": [60 * hours for hours in (1, 1, 2, 1, 4, 2, 8, 4, 6, 1)],
    "setup_cost": [15, 20, 30, 10, 110, 50, 310, 130, 200, 5],
    "holding_cost": [
        Fraction(price) / 2400
        for price in ("0.0065", "0.1775", "0.1275", "0.1", "2.785", "0.2675", "1.5", "5.9", "0.9", "0.04")
    ],
}


def made(seed: int, count: int, load: float) -> dict[str, Any]:
    rng = random.Random(seed)
    weights = [rng.uniform(0.2, 1) for _ in range(count)]
    demand = [rng.randint(20, 2000) for _ in range(count)]
    return {
        "available": 480,
        "demand": demand,
        "run": [load * 480 * weight / sum(weights) / need for weight, need in zip(weights, demand, strict=True)],
        "setup": [rng.uniform(10, 240) for _ in range(count)],
        "setup_cost": [rng.uniform(5, 300) for _ in range(count)],
        "holding_cost": [rng.uniform(0.0001, 0.01) for _ in range(count)],
    }


def test_bombergers_press():
    found = economic_lots(**BOMBERGER)
    assert found.schedule is not None and found.turns is not None
    assert found.bound is not None and found.cost is not None
    assert found.machine.load == pytest.approx(
        [0.4 / 30, 0.05, 8 / 95, 16 / 75, 0.04, 1 / 75, 0.01, 34 / 130, 0.17, 2 / 75]
    )
    assert found.bound * 240 == pytest.approx(7588.99, abs=0.005)
    assert found.costs["common cycle"] * 240 == pytest.approx(9879.78, abs=0.005)
    assert found.cost * 240 == pytest.approx(7697.09, abs=0.005)
    assert found.turns.every == (8, 2, 2, 1, 2, 4, 8, 1, 2, 2) and found.turns_proven
    assert found.turns.days == pytest.approx(23.4244, abs=5e-5)
    assert (found.status, found.method) == ("feasible", "basic period")
    assert found.gap == pytest.approx(0.01404, abs=1e-5)
    audit = check_schedule(found.schedule, found.machine)
    assert audit.breaches == () and audit.cost == pytest.approx(found.cost, rel=1e-9)
    assert len(found.to_rows()["lot"]) == len(found.schedule.runs) == 40


@pytest.mark.parametrize(
    ("seed", "count", "load"), [(0, 2, 0.3), (1, 3, 0.85), (2, 4, 0.95), (3, 5, 0.97), (5, 6, 0.9)]
)
def test_schedules_hold_and_never_cost_less_than_the_bound(seed, count, load):
    data = made(seed, count, load)
    found = economic_lots(**data)
    assert found.schedule is not None and found.bound is not None
    audit = check_schedule(found.schedule, found.machine)
    assert audit.breaches == ()
    assert audit.cost == pytest.approx(found.cost, rel=1e-9)
    assert found.bound <= min(found.costs.values()) == pytest.approx(found.cost)
    # The bound by itself: no intervals that leave time for the setups cost less.
    figures = Figures.of(found.machine)
    rng = random.Random(seed)
    for _ in range(300):
        days = [one * math.exp(rng.uniform(-1, 1)) for one in found.independent]
        used = sum(time / one for time, one in zip(figures.setup, days, strict=True))
        days = [one * max(1.0, used / figures.left) for one in days]
        cost = sum(a / one + h * one for a, h, one in zip(figures.order, figures.hold, days, strict=True))
        assert cost >= found.bound


def test_a_single_product_is_optimal_and_a_tight_machine_takes_the_bound_of_its_minutes():
    found = economic_lots(480, [100], [1.2], [30], [50], [0.01])
    days = math.sqrt(50 / (0.01 * 100 * 0.75 / 2))
    assert found.status == "optimal" and found.cost == pytest.approx(2 * 50 / days)
    assert found.schedule is not None and found.schedule.cycle == pytest.approx(days)
    tight = economic_lots(480, [100, 100], [2.3, 2.3], [60, 60], [0, 0], [0.01, 0.01])
    # Nothing but minutes limits the lots: 120 minutes of setup in the 20 that a day leaves.
    assert tight.independent == pytest.approx((6, 6)) and tight.status == "optimal"


def test_an_overloaded_machine_is_infeasible_with_the_minutes():
    found = economic_lots(480, [100, 100], [2.5, 2.4], [5, 5], [1, 1], [1, 1])
    assert (found.status, found.cost, found.gap, found.to_rows()["lot"]) == ("infeasible", None, None, [])
    assert "490 minutes a day leaves none of 480" in found.reason and "more than 10 minutes" in found.reason


def remainders(every):
    return itertools.product(*(range(often) for often in every))


@pytest.mark.parametrize("seed", range(12))
def test_the_search_for_remainders_is_exact(seed):
    rng = random.Random(seed)
    every = [rng.choice([1, 2, 4]) for _ in range(5)]
    loads = [rng.uniform(0.05, 0.5) / often for often in every]
    setups = [rng.uniform(0.01, 0.1) for _ in every]
    shortest = min(least_turn(setups, loads, every, at) for at in remainders(every))
    turns, proven = shortest_turns(setups, loads, every)
    assert proven
    if shortest == math.inf:
        assert turns is None
        return
    assert turns is not None and turns.days == pytest.approx(shortest, rel=1e-7)
    assert pack(setups, loads, every, shortest * (1 - 1e-6)).at is None
    assert least_turn(setups, loads, every, turns.at) == turns.days


@pytest.mark.parametrize("seed", range(4))
def test_no_powers_of_two_cost_less_than_the_proven_turns(seed):
    data = made(seed, 3, 0.9)
    found = economic_lots(**data)
    figures = Figures.of(found.machine)
    best = math.inf
    for every in itertools.product((1, 2, 4, 8), repeat=3):
        setups = sum(cost / often for cost, often in zip(figures.order, every, strict=True))
        wanted = math.sqrt(setups / sum(h * often for h, often in zip(figures.hold, every, strict=True)))
        for at in remainders(every):
            least = least_turn(figures.setup, figures.load, every, at)
            if least < math.inf:
                best = min(best, figures.cost(max(least, wanted), every))
    assert found.turns_proven
    assert found.costs["basic period"] == pytest.approx(best, rel=1e-7)


def test_lots_in_a_sequence():
    data = made(1, 3, 0.85)
    found = economic_lots(**data)
    figures = Figures.of(found.machine)
    once = sequence_lots(found.machine, figures, (0, 1, 2))
    assert once is not None and once[0] == pytest.approx(found.costs["common cycle"], rel=1e-6)
    twice = sequence_lots(found.machine, figures, (0, 1, 0, 2))
    assert twice is not None
    audit = check_schedule(twice[1], found.machine)
    assert audit.breaches == () and audit.cost == pytest.approx(twice[0], rel=1e-9)


def test_the_check_finds_what_is_wrong():
    found = economic_lots(480, [100, 60], [1.2, 2], [30, 20], [50, 40], [0.01, 0.02])
    assert found.schedule is not None
    cycle, runs = found.schedule
    first, second = runs[0], runs[1]

    def told(*changed):
        return " ".join(check_schedule(Schedule(cycle, changed), found.machine).breaches)

    assert told(*runs) == ""
    assert "runs into the next" in told(first, second._replace(begin=first.begin), *runs[2:])
    assert "too short" in told(first._replace(setup=0.0), *runs[1:])
    assert "does not fit its run time" in told(first._replace(run=first.run / 2), *runs[1:])
    assert "units of" in told(first._replace(lot=first.lot / 2, run=first.run / 2), *runs[1:])
    assert "beyond the cycle" in told(*runs[:-1], runs[-1]._replace(begin=cycle))
    # What comes too late is priced, not refused: the stock that bridges it is on hand from the begin.
    late = Schedule(4.0, (Run(0, 0.0, 0.1, 0.5, 200.0), Run(0, 0.7, 0.1, 0.5, 200.0)))
    one = economic_lots(480, [100], [1.2], [30], [50], [0.01]).machine
    assert check_schedule(late, one).opening[0] == pytest.approx(10)
    assert check_schedule(late, one).highest[0] > check_schedule(late, one).mean[0] > 100


@pytest.mark.parametrize("every", [(1,) * 6, (1, 2, 1, 2, 2, 1)])
def test_the_order_of_least_changeovers_is_exact_for_few(every):
    rng = random.Random(sum(every))
    minutes = [[rng.randint(1, 60) for _ in every] for _ in every]
    at = tuple(rng.randrange(often) for often in every)
    found = best_order(minutes, every, at)
    costs = [sum(changeovers(visits(rows, every, at), minutes)) for rows in itertools.permutations(range(6))]
    assert found.minutes == min(costs) == found.bound and found.proven


def test_long_orders_tell_a_bound():
    rng = random.Random(7)
    minutes = [[rng.randint(1, 60) for _ in range(17)] for _ in range(17)]
    found = best_order(minutes, (1,) * 17, (0,) * 17)
    assert sorted(found.rows) == list(range(17)) and 0 < found.bound <= found.minutes
    shorter = [row[:9] for row in minutes[:9]]
    tour = best_order(shorter, (1,) * 9, (0,) * 9)
    skipped = best_order(shorter, (1, 2, 1, 2, 2, 1, 1, 1, 2), (0, 1, 0, 0, 1, 0, 0, 0, 0))
    assert tour.proven and 0 < skipped.bound <= skipped.minutes
    # A ring: each product is one minute from the next, so the bound is met and proves the order.
    ring = [[1 if other == (row + 5) % 17 else 9 for other in range(17)] for row in range(17)]
    assert best_order(ring, (1,) * 17, (0,) * 17)[1:] == (17, 17, True)


FOUR: Any = {"available": 900, "demand": [120, 150, 60, 80], "run": [1.2, 0.8, 2, 0.5], "uptime": 0.85}


def test_the_shortest_wheel_is_the_epei():
    found = product_wheel(**FOUR, setup=[30, 20, 45, 25])
    assert found.turns is not None and found.audit is not None
    assert found.turns.days == pytest.approx(120 / 341) == found.epei == found.least_days
    assert found.to_rows()["lot"] == pytest.approx([42.2287, 52.7859, 21.1144, 28.1525], abs=1e-4)
    assert found.per_turn()[0].slack == pytest.approx(0, abs=1e-6)
    assert found.audit.breaches == () and found.cost is None
    longer = product_wheel(**FOUR, setup=[30, 20, 45, 25], days=0.5)
    assert longer.per_turn()[0].slack == pytest.approx(0.5 * 341 - 120)
    assert longer.calm_days == pytest.approx(120 / (765 * (math.sqrt(424 / 765) - 424 / 765)))
    short = product_wheel(**FOUR, setup=[30, 20, 45, 25], days=0.3)
    assert short.status == "infeasible" and "0.351906 days" in short.reason


def test_a_wheel_with_products_of_every_second_turn():
    minutes = [[0, 10, 25, 40], [30, 0, 8, 20], [45, 30, 0, 9], [12, 35, 30, 0]]
    found = product_wheel(**FOUR, changeover=minutes, every=[1, 2, 1, 2])
    assert found.status == "feasible" and found.audit is not None and found.turns is not None
    assert found.audit.breaches == () and found.calm_days is None
    assert max(turn.changeover + turn.run for turn in found.per_turn()) == pytest.approx(found.turns.days * 765)
    assert found.epei is not None and found.least_days is not None and found.epei <= found.least_days
    lots = dict(zip(found.per_product()["product"], found.per_product()["lot"], strict=True))
    assert lots["2"] == pytest.approx(150 * 2 * found.turns.days)
    seldom = product_wheel(**FOUR, setup=[30, 20, 45, 25], every=[1, 4, 4, 1])
    assert seldom.order is not None and seldom.order.rows == (0, 3, 1, 2)
    crowded = product_wheel(480, [100, 100, 100], [1.4, 1.4, 1.4], [5, 5, 5], every=[4, 4, 1])
    assert crowded.status == "infeasible" and "there is no way" in crowded.reason


def test_a_wheel_of_least_cost_has_the_economic_lots():
    found = product_wheel(**BOMBERGER)
    assert found.cost is not None
    assert found.cost * 240 == pytest.approx(7697.09, abs=0.005)
    assert found.turns is not None and found.turns.every == (8, 2, 2, 1, 2, 4, 8, 1, 2, 2)
    full = product_wheel(480, [100], [5], [5])
    assert full.status == "infeasible" and full.per_turn() == [] and full.per_product() == {}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"setup": None}, "changeovers are told once"),
        ({"changeover": [[0] * 4] * 4}, "changeovers are told once"),
        ({"setup": [1, 2]}, "one value for each part"),
        ({"setup": None, "changeover": [[0] * 4] * 3}, "a row for each product"),
        ({"setup": None, "changeover": [[0] * 4] * 3 + [[0, 1, -2, 3]]}, "changeover/3/2"),
        ({"setup_cost": [1, 1, 1, 1]}, "weighed against each other"),
        ({"setup_cost": [1, 1, 1, 1], "holding_cost": [1, 1, 0, 1]}, "holding_cost/2"),
        ({"setup_cost": [1, 0, 1, 1], "holding_cost": [1, 1, 1, 1], "setup": [1, 0, 1, 1]}, "setup_cost/1"),
        ({"every": [1, 2, 3, 1]}, "divides the next larger"),
        ({"every": [1, 2, 1.5, 1]}, "every/2"),
        ({"demand": [1, 0, 1, 1]}, "demand/1"),
        ({"demand": []}, "there is no product"),
        ({"products": ["A", "A", "B", "C"]}, "a name of its own"),
        ({"uptime": 85}, "0.85"),
        ({"days": 0}, "days"),
        ({"setup": [0, 0, 0, 0]}, "nothing is set up"),
    ],
)
def test_bad_input(change, words):
    with pytest.raises(InputError) as error:
        product_wheel(**({**FOUR, "setup": [30, 20, 45, 25]} | change))
    assert words in str(error.value)


def test_takt_and_pitch():
    assert takt(450, 300) == Fraction(3, 2)
    assert pitch(takt(450, 300), 20) == 30
    assert jitopt.takt is takt and jitopt.pitch is pitch
    for call in (lambda: takt(0, 3), lambda: takt(450, 0), lambda: takt(-1, 3), lambda: pitch(1.5, ANY_PACK)):
        with pytest.raises(InputError):
            call()


# --- files and the command line -------------------------------------------------------------------


def run(capsys: Any, *words: str) -> Any:
    code = main(["analyse", *words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_shipped_examples(capsys, tmp_path):
    code, found = run(capsys, "wheel", str(SHIPPED / "bomberger_1966"), "-o", str(tmp_path))
    assert code == 0 and found["facts"]["cost_a_day"] * 240 == pytest.approx(7697.09, abs=0.005)
    assert found["facts"]["economic_lots_bound"] * 240 == pytest.approx(7588.99, abs=0.005)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["wheel.csv", "wheel_products.csv"]
    code, found = run(capsys, "wheel", str(SHIPPED / "paints"))
    assert code == 0 and found["order"]["proven"] and found["breaches"] == []
    code, found = run(capsys, "volume", str(SHIPPED / "weeks"), "--whole", "-o", str(tmp_path))
    assert code == 0 and found["plan"]["quantity"] == [410, 410, 410, 420, 485, 420, 485, 300, 300, 300, 300, 300]
    assert (tmp_path / "volume.csv").read_text().startswith("period,quantity")
    code, found = run(capsys, "volume", str(SHIPPED / "weeks"), "--final", "600")
    assert code == 2
    assert main(["analyse", "wheel", str(SHIPPED / "paints"), "--days", "2"]) == 0
    assert "the shortest there is" in capsys.readouterr().out
    assert main(["analyse", "volume", str(SHIPPED / "weeks"), "-o", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "no plan within the limits is more level" in told and "below the level: w06\n" in told


def test_infeasible_files_end_with_code_3(capsys, tmp_path):
    place = tmp_path / "demand.csv"
    place.write_text("period;demand\nMon;10\nTue;30\n")
    assert main(["analyse", "volume", str(place), "--capacity", "18"]) == 3
    assert "short by 4 units (Mon to Tue)" in capsys.readouterr().err
    code, found = run(capsys, "volume", str(place), "--capacity", "18")
    assert code == 3 and found["shortage"]["short_by"] == 4 and found["plan"]["quantity"] == []
    place.write_text("product,demand,run,setup\nA,100,5,3\n")
    code, found = run(capsys, "wheel", str(place), "--minutes", "480")
    assert code == 3 and found["status"] == "infeasible" and "480" in found["reason"]


@pytest.mark.parametrize(
    ("command", "tables", "words"),
    [
        ("volume", {"periods": "demand\n1\nx\n"}, ("row 3, column demand", "must be a number")),
        ("volume", {"periods": "demand\n1,5\n"}, ("more cells than the header",)),
        ("volume", {"periods": "demand\n-1\n"}, ("row 2", "greater than or equal to 0")),
        ("volume", {"periods": "need\n1\n"}, ("lacks the column 'demand'", "not known")),
        ("volume", {"periods": "demand\n"}, ("no rows",)),
        ("volume", {"periods": "period,demand\nA,1\nA,2\n"}, ("row 3", "only once")),
        ("volume", {"store": "opening\n1\n"}, ("'periods' is missing",)),
        ("volume", {"periods": "demand\n1\n", "store": "opening\n1\n2\n"}, ("store.csv", "has one row")),
        ("volume", {"periods": "demand\n1\n", "bins": "a\n1\n"}, ("no table of this name", "periods, store")),
        ("volume", {"periods": "demand,storage\n1,2\n", "store": "final\n3\n"}, ("final stock",)),
        ("wheel", {"products": "product,demand,run\nA,1,1\n"}, ("minutes of a day",)),
        ("wheel", {"products": "product,demand,run\nA,0,1\n", "machine": "minutes\n9\n"}, ("greater than 0",)),
        (
            "wheel",
            {"products": "product,demand,run,setup_cost\nA,1,1,\nB,1,1,2\n", "machine": "minutes\n9\n"},
            ("of all products, or of none", "product 1"),
        ),
        (
            "wheel",
            {
                "products": "product,demand,run\nA,1,1\nB,1,1\n",
                "machine": "minutes\n9\n",
                "changeovers": "from,to,minutes\nA,B,1\n",
            },
            ("every pair", "B, A"),
        ),
        (
            "wheel",
            {
                "products": "product,demand,run\nA,1,1\nB,1,1\n",
                "machine": "minutes\n9\n",
                "changeovers": "from,to,minutes\nA,C,1\n",
            },
            ("no such product", "row 1, column to"),
        ),
        (
            "wheel",
            {
                "products": "product,demand,run,setup\nA,1,1,2\n",
                "machine": "minutes\n9\n",
                "changeovers": "from,to,minutes\nA,A,1\n",
            },
            ("setups are told once",),
        ),
    ],
)
def test_bad_files(command, tables, words, tmp_path, capsys):
    for name, text in tables.items():
        (tmp_path / f"{name}.csv").write_text(text)
    assert main(["analyse", command, str(tmp_path)]) == 2
    told = capsys.readouterr().err
    for word in (str(tmp_path), *words):
        assert word in told


def test_json_is_read_too(capsys, tmp_path):
    file = tmp_path / "demand.json"
    file.write_text('{"problem": "volume", "periods": {"demand": [10, 0, 0, 30, 5, 5]}, "store": {"storage": [12]}}')
    code, found = run(capsys, "volume", str(file))
    assert code == 0 and found["plan"]["quantity"] == [10, 6, 6, 18, 5, 5]
    file.write_text('{"problem": "volume", "periods": {"demand": [10, null]}}')
    assert main(["analyse", "volume", str(file)]) == 2
    assert "/periods/demand/1" in capsys.readouterr().err
    assert main(["analyse", "volume", str(tmp_path / "none")]) == 2


def test_turns_of_a_start_are_never_made_worse():
    found = economic_lots(**made(4, 4, 0.9))
    assert found.turns is not None
    figures = Figures.of(found.machine)
    start = Turns(found.turns.days * 1.5, found.turns.every, found.turns.at)
    better, _ = best_turns(figures, found.independent, start)
    assert figures.cost(better.days, better.every) <= figures.cost(start.days, start.every)


def test_the_page_tells_what_its_examples_print():
    page = Path(__file__).parent.parent / "docs" / "levelling.md"
    if not page.exists():
        pytest.skip("not in a source tree")
    blocks = re.findall(r"```python\n(.*?)```\n\n```\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 5
    space: dict[str, Any] = {"__name__": "page"}
    for code, told in blocks:
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            exec(compile(code, "docs/levelling.md", "exec"), space)
        assert text.getvalue() == told
