"""The models of the canaries, as plain numbers, with their true answers and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan
from typing import Literal

__all__ = ["CANARIES", "Canary"]

Row = tuple[float, tuple[float, ...], float]
"""Lower side, coefficients, upper side."""


@dataclass(frozen=True)
class Canary:
    """min cost x, lower <= x <= upper, the rows, and x whole in the columns `integer`.

    optimum: true optimal value, None when there is no solution. fault: what goes wrong, and where.
    thread: the public report, or "constructed". refusal: whether a driver never has to refuse the
    model, may, or must. special: a further rule that only CP-SAT knows.
    """

    name: str
    thread: str
    fault: str
    cost: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    integer: tuple[int, ...]
    rows: tuple[Row, ...]
    optimum: float | None
    refusal: Literal["never", "may", "must"] = "never"
    special: Literal["", "absolute", "minimum"] = ""


HIGHS = "https://github.com/ERGO-Code/HiGHS/issues/"
ORTOOLS = "https://github.com/google/or-tools/issues/"
STUFFING = "presolve of HiGHS 1.14.0 proves a wrong optimum: "
CONSTRUCTED = "constructed"

CANARIES: tuple[Canary, ...] = (
    Canary(
        "HiGHS#2957", HIGHS + "2957", STUFFING + "29",
        cost=(1, 2), lower=(0, 8), upper=(20, 20), integer=(0,),
        rows=((20.1, (1, 1), inf),), optimum=28.2,
    ),
    Canary(
        "HiGHS#2975", HIGHS + "2975", STUFFING + "99999, by a big-M row",
        cost=(0, 2, 99999), lower=(0, 0, 0), upper=(10, 10, 1), integer=(2,),
        rows=((10, (1, 1, 0), 10), (-inf, (1, 0, -100), 0)), optimum=20,
    ),
    Canary(
        "HiGHS#3002", HIGHS + "3002", STUFFING + "76",
        cost=(1, 4, 9), lower=(0, -1, 0), upper=(4, 1, 100), integer=(2,),
        rows=((-inf, (1, 1, 0), 5), (10, (1, 0, 1), inf), (7.5, (0, -1, 1), 7.5)), optimum=64,
    ),
    # The same model as in lovasoa/highs-js#53.
    Canary(
        "HiGHS#3043", HIGHS + "3043", STUFFING + "15",
        cost=(2, 3), lower=(0, 0), upper=(10, 10), integer=(1,),
        rows=((4.5, (1, 1), inf),), optimum=9,
    ),
    Canary(
        "HiGHS#3050", "https://github.com/ERGO-Code/HiGHS/pull/3050", STUFFING + "-99.99",
        cost=(-100, 0.01), lower=(1, 1), upper=(3, 3), integer=(0,),
        rows=((-inf, (1, -1), 0),), optimum=-299.97,
    ),
    # First seen as cvxpy/cvxpy#3368; the free variable is bounded here.
    Canary(
        "HiGHS#3073", HIGHS + "3073", STUFFING + "200.01",
        cost=(100, 0.01, 0), lower=(0, -10, 0), upper=(10, 10, 10), integer=(2,),
        rows=(
            (3, (1, 0, 1), 3), (-inf, (0, -1, 1), 0), (-inf, (0, -1, -1), 0),
            (-inf, (0, 0, 1), 3), (-inf, (0, 0, -1), -0.45),
        ),
        optimum=0.03,
    ),
    Canary(
        "HiGHS#3094", HIGHS + "3094", STUFFING + "10000, by two big-M rows",
        cost=(0, 0, 0, 0, 10, 8), lower=(0,) * 6, upper=(1, 1, 1000, 1000, 1000, 1000), integer=(0, 1),
        rows=(
            (-inf, (-1000, 0, 1, 0, 0, 0), 0), (-inf, (0, -1000, 0, 1, 0, 0), 0),
            (1000, (0, 0, 1, 0, 1, 0), 1000), (1000, (0, 0, 0, 1, 0, 1), 1000), (-inf, (1, 1, 0, 0, 0, 0), 1),
        ),
        optimum=8000,
    ),
    Canary(
        "linopy#648", "https://github.com/PyPSA/linopy/issues/648", STUFFING + "11",
        cost=(2, 1), lower=(0, 9), upper=(1, 100), integer=(0,),
        rows=((10, (2, 1), inf),), optimum=10,
    ),
    Canary(
        "HiGHS#2585", HIGHS + "2585", "presolve of HiGHS 1.11 finds no solution",
        cost=(-24, 5, 7.4, 9), lower=(-100,) * 4, upper=(100,) * 4, integer=(2, 3),
        rows=(
            (-inf, (96.55, 0, -32.45, 88.78), 1216.06), (-inf, (-3.14, -78.02, 0, 0), -50.5404),
            (-inf, (0, 11.8, -21.94, 0), 3.422), (-inf, (0, 0, 91.59, -10.58), -35.25),
            (-inf, (79.17, 1.73, 0, -73.23), 411.403), (-inf, (-10.61, -94.66, 0, 76.88), 195.69),
        ),
        optimum=-175.91,
    ),
    Canary(
        "HiGHS#2432", HIGHS + "2432", "presolve of HiGHS 1.11 finds no solution",
        cost=(-93, 25, 17), lower=(-100, -100, -100), upper=(120, 10, 0), integer=(0, 2),
        rows=(
            (3994.5, (-89, -40.7, -12), inf), (-4878.3, (-0.1, 77.2, -23.7), inf),
            (-4930, (-8.6, -6.5, 72.78), inf),
        ),
        optimum=-3777.57124352332,
    ),
    Canary(
        "HiGHS#2409", HIGHS + "2409", "presolve of HiGHS 1.11 loses the optimum",
        cost=(-1, 1), lower=(-10, -10), upper=(10, 10), integer=(1,),
        rows=((0.1, (-1, 1), inf), (0.1, (1, 1), inf)), optimum=0.1,
    ),
    # The free variables of the report are bounded, and its objective asks for the faulty value.
    Canary(
        "HiGHS#3271", HIGHS + "3271", "presolve of HiGHS 1.15.1 lets a whole number be 4.5",
        cost=(-1, 0, 3), lower=(-100, -100, 0), upper=(4.5, 100, 0), integer=(0, 1, 2),
        rows=((-15.5, (1, 0, 0), inf),), optimum=-4,
    ),
    Canary(
        "HiGHS#2226", HIGHS + "2226", "HiGHS 1.15.1 without presolve overruns every time limit",
        cost=(0, 0, 0), lower=(-inf,) * 3, upper=(inf,) * 3, integer=(0, 1, 2),
        rows=((0, (0, 4, -1), 0), (-19, (8, 0, 1), -19)), optimum=None, refusal="must",
    ),
    Canary(
        "HiGHS#2226 bounded", HIGHS + "2226", "no solution, for only whole numbers are asked",
        cost=(0, 0, 0), lower=(-10_000,) * 3, upper=(10_000,) * 3, integer=(0, 1, 2),
        rows=((0, (0, 4, -1), 0), (-19, (8, 0, 1), -19)), optimum=None,
    ),
    # HiGHS finds no solution with presolve, and without it y = 0, x = 1 like GSCIP, which is none.
    Canary(
        "HiGHS#1704", HIGHS + "1704", "a coefficient of 1e12 hides another: objective -1",
        cost=(-1, 0), lower=(0, 0), upper=(1, 1), integer=(0, 1),
        rows=((-inf, (100.4534, 1e12), 1e12), (-inf, (100.4534, -1e12), 0)), optimum=0, refusal="may",
    ),
    Canary(
        "tolerance, no solution", CONSTRUCTED, "HiGHS 1.15.1 at a tolerance of 1e-9 finds no solution",
        cost=(4.63, 3.66, -3.42), lower=(0, 0, 0), upper=(855, 807, 181), integer=(0, 1, 2),
        rows=((-32996.978, (4.251, -32.513, -88.379), -32996.978),), optimum=2477.81,
    ),
    Canary(
        "tolerance, wrong optimum", CONSTRUCTED, "HiGHS 1.15.1 at a tolerance of 1e-9 proves -163.06",
        cost=(1.98, -2.32, 3.64), lower=(0, 0, 0), upper=(636, 961, 607), integer=(0, 1, 2),
        rows=(
            (-inf, (60.708, -20.705, -54.777), -15377.755), (-5985.073, (77.457, 8.568, -57.496), -5985.073),
            (-inf, (-35.149, -93.546, 31.407), -26183.954),
        ),
        optimum=-657.54,
    ),
    Canary(
        "tolerance, false point", CONSTRUCTED, "the SCIP of OR-Tools 9.15 at 1e-6 proves -21361.08, at no solution",
        cost=(9.89, -1.63, -8.72), lower=(0, 0, 0), upper=(4988, 5215, 8817), integer=(0, 1, 2),
        rows=(
            (-94944676, (-8266, -8526, -4464), -94944676), (-inf, (0, -7179, -3126), -48221172),
            (-inf, (0, -8465, -8922), -82772308), (-inf, (3270, 1369, 6608), 52381530),
        ),
        optimum=-20451.94,
    ),
    Canary(
        "tolerance, no solution by SCIP", CONSTRUCTED, "the SCIP of OR-Tools 9.15 at 1e-9 finds no solution",
        cost=(7.04, -4.73), lower=(0, 0), upper=(6553, 6220), integer=(0, 1),
        rows=((-539385.05, (-865.55, 665.55), -539385.05), (12616.47, (-322.91, 622.15), inf)), optimum=4777.96,
    ),
    Canary(
        "or-tools#1361", ORTOOLS + "1361", "CP-SAT 7.1 proves -1",
        cost=(100, 1, -2), lower=(0, 1, 1), upper=(1, 10, 10), integer=(0, 1, 2),
        rows=((-9, (-9, 1, -1), inf), (-9, (-9, -1, 1), inf)), optimum=-19,
    ),
    Canary(
        "or-tools#2924", ORTOOLS + "2924", "CP-SAT 9.1 finds no solution",
        cost=(0, 0, 0, 1), lower=(0, 0, 0, -1000), upper=(2, 2, 2, 1000), integer=(0, 1, 2, 3),
        rows=((-95, (-80, -100, -120, 1), -95), (-inf, (1, 1, 1, 0), 1), (0, (0, 0, 0, 1), inf)), optimum=5,
    ),
    Canary(
        "or-tools#4568", ORTOOLS + "4568", "CP-SAT 9.12 finds no solution: x0 = |x1 - 11|",
        cost=(1, 0), lower=(0, 0), upper=(2**31 - 1, 10), integer=(0, 1),
        rows=(), optimum=1, special="absolute",
    ),
    Canary(
        "or-tools#4589", ORTOOLS + "4589", "CP-SAT 9.12 proves -19: x0 = min(10 - 9 x1)",
        cost=(1, 0), lower=(-999, 0), upper=(999, 1), integer=(0, 1),
        rows=(), optimum=1, special="minimum",
    ),
    Canary(
        "or-tools#2295", ORTOOLS + "2295", "SCIP of OR-Tools 8.1 proves less than 15.5",
        cost=(-1, -1, -1, 0, 0.5, 0.5), lower=(2, 0, 0, 0, 0, 0), upper=(8, 8, 8, 1, 1, 1), integer=(0, 1, 2, 3, 4, 5),
        rows=(
            (-inf, (1, 1, 1, 0, 0, 0), 16), (-inf, (1, 0, 0, -8, 0, 0), 0), (-inf, (0, 1, 0, 0, -8, 0), 0),
            (-inf, (0, 0, 1, 0, 0, -8), 0), (0, (1, 0, 0, -1, 0, 0), inf), (0, (0, 1, 0, 0, -1, 0), inf),
            (0, (0, 0, 1, 0, 0, -1), inf), (2, (0, 0, 0, 1, 1, 1), inf), (0, (-0.5, 0.5, 0.5, 0, 0, 0), inf),
            (0, (0.5, -0.5, 0.5, 0, 0, 0), inf), (0, (0.5, 0.5, -0.5, 0, 0, 0), inf),
        ),
        optimum=-15.5,
    ),
    # What Pyomo's HiGHS interfaces lose without a word: a row with a coefficient of 1e15 or more.
    *(
        Canary(
            f"row of {size:g}", "https://github.com/ERGO-Code/HiGHS/issues/728", "Pyomo 6.10 drops the row: -10",
            cost=(-1,), lower=(0,), upper=(10,), integer=(),
            rows=((-inf, (size,), 3 * size),), optimum=-3, refusal="may",
        )
        for size in (1e15, 1e16, 1e20)
    ),
    *(
        Canary(
            f"{size} in a row", CONSTRUCTED, "Pyomo 6.10 drops the row, passModel takes NaN as it is",
            cost=(-1, -1), lower=(0, 0), upper=(10, 10), integer=(),
            rows=((-inf, (size, 1), 3),), optimum=None, refusal="must",
        )
        for size in (inf, nan)
    ),
    *(
        Canary(
            f"{size} in the objective", CONSTRUCTED, "HiGHS takes it as it is and answers",
            cost=(size, 1), lower=(0, 0), upper=(10, 10), integer=(),
            rows=((3, (1, 1), inf),), optimum=None, refusal="must",
        )
        for size in (inf, nan)
    ),
    Canary(
        "coefficient of 1e-10", CONSTRUCTED, "HiGHS drops it, the row no longer binds: -1e12",
        cost=(-1,), lower=(0,), upper=(1e12,), integer=(),
        rows=((-inf, (1e-10,), 3),), optimum=-3e10, refusal="may",
    ),
    Canary(
        "coefficients of 1e-10 and 1", CONSTRUCTED, "HiGHS drops the small one: -1e10",
        cost=(-1, 0), lower=(0, 0), upper=(1e10, 10), integer=(),
        rows=((-inf, (1e-10, 1), 0.5),), optimum=-5e9, refusal="may",
    ),
    Canary(
        "cost of 1e25", CONSTRUCTED, "HiGHS calls it infinite",
        cost=(1e25,), lower=(0,), upper=(10,), integer=(),
        rows=((3, (1,), inf),), optimum=3e25, refusal="may",
    ),
    Canary(
        "big-M of 1e9", CONSTRUCTED, "y = 5e-7 passes for 0 and still opens the row: 0.5005",
        cost=(0.001, 1000), lower=(0, 0), upper=(1e6, 1), integer=(1,),
        rows=((-inf, (1, -1e9), 0), (500, (1, 0), inf)), optimum=1000.5, refusal="may",
    ),
)  # fmt: skip
