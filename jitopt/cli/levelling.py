"""`jitopt analyse volume` and `jitopt analyse wheel`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from jitopt.cli.failures import INFEASIBLE
from jitopt.cli.options import AsJson, number_above_0, number_at_least_0, share
from jitopt.cli.output import columns, emit, err, out

if TYPE_CHECKING:
    from jitopt.levelling import VolumePlan, Wheel

__all__ = ["volume", "wheel"]

SHOWN = 40
"""Rows of a table on the terminal."""

DIGITS = 6
"""Digits that count, on the terminal."""

Folder = Annotated[str | None, typer.Option("-o", "--output", metavar="DIR", help="Folder for the tables.")]


def volume(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Demand per period: a .csv, a folder of them, an .xlsx or a .json.")
    ],
    opening: Annotated[
        float | None,
        typer.Option("--opening", metavar="N", parser=number_at_least_0, help="Stock at the begin [units]."),
    ] = None,
    final: Annotated[
        float | None,
        typer.Option(
            "--final", metavar="N", parser=number_at_least_0, help="Stock at the end [units]; else the least."
        ),
    ] = None,
    least: Annotated[
        float | None,
        typer.Option(
            "--least", metavar="N", parser=number_at_least_0, help="Least stock at the end of a period [units]."
        ),
    ] = None,
    storage: Annotated[
        float | None,
        typer.Option(
            "--storage", metavar="N", parser=number_at_least_0, help="Most stock at the end of a period [units]."
        ),
    ] = None,
    capacity: Annotated[
        float | None,
        typer.Option("--capacity", metavar="N", parser=number_at_least_0, help="Most units that a period makes."),
    ] = None,
    whole: Annotated[bool, typer.Option("--whole", help="Make whole units.")] = False,
    output: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Level the volume: the most even output that meets a demand out of a limited store.

    Proven: no plan within the limits has less of any symmetric convex cost. Columns: demand; and period, least,
    storage, capacity. With -o writes volume.csv. Exit code: 0 a plan, 2 bad usage or input, 3 infeasible, with the
    reason.
    """
    from jitopt.planning.levelling_files import volume_file

    settings = {"opening": opening, "final": final, "least": least, "storage": storage, "capacity": capacity}
    found, names = volume_file(file, **settings, whole=whole)
    table = {**found.to_rows(), "period": names[: len(found.quantities)]}
    written = _write({"volume.csv": table}, output) if found.status == "optimal" else []
    if as_json:
        emit({**_volume_facts(found), "plan": table, "written": written})
    elif found.shortage is None:
        levels = [[f"{one.first}-{one.last}", _short(float(one.quantity)), one.ends] for one in found.levels]
        out(columns(["periods", "level", "until the store is"], levels[:SHOWN]))
        _more(levels)
        full = [names[period - 1] for period in found.full_periods]
        if full:
            out(f"at their capacity, below the level: {', '.join(full[:SHOWN])}{' ...' if len(full) > SHOWN else ''}")
        rows = [[_short(cell) for cell in row] for row in zip(*table.values(), strict=True)]
        out("\n" + columns(list(table), rows[:SHOWN]))
        _more(rows)
        out(f"\nhighest {_short(found.peak)} a period; no plan within the limits is more level")
        _tell(written, output)
    if found.shortage is not None:
        first, last = (names[period - 1] for period in (found.shortage.first, found.shortage.last))
        named = (
            ""
            if last == str(found.shortage.last)
            else f" (period {last})"
            if first == last
            else f" ({first} to {last})"
        )
        err(f"infeasible: {found.shortage.text}{named}")
        raise typer.Exit(INFEASIBLE)


def _volume_facts(found: "VolumePlan") -> dict[str, Any]:
    short = found.shortage
    return {
        "status": found.status,
        "peak": found.peak if short is None else None,
        "levels": [{**one._asdict(), "quantity": float(one.quantity)} for one in found.levels],
        "shortage": None if short is None else {
            "first": short.first, "last": short.last, "needed": float(short.needed), "possible": float(short.possible),
            "short_by": float(short.short_by), "text": short.text,
        },
    }  # fmt: skip


def wheel(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="Products of a machine: a .csv, a folder of them, an .xlsx or a .json."),
    ],
    minutes: Annotated[
        float | None, typer.Option("--minutes", metavar="M", parser=number_above_0, help="Minutes of a day.")
    ] = None,
    uptime: Annotated[
        float | None, typer.Option("--uptime", metavar="P", parser=share, help="Share of them that the machine runs.")
    ] = None,
    days: Annotated[
        float | None,
        typer.Option(
            "--days", metavar="D", parser=number_above_0, help="Length of a turn; else of least cost, or least."
        ),
    ] = None,
    output: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Draw up a product wheel: length of a turn, how often each product comes up, sequence, lots, time table.

    Tables: products (product, demand, run; setup, every, setup_cost, holding_cost), machine (minutes; uptime, days),
    changeovers (from, to, minutes). With costs, economic lots and their bound are told. With -o writes wheel.csv and
    wheel_products.csv. Exit code: 0 a wheel, 2 bad usage or input, 3 infeasible, with the reason.
    """
    from jitopt.planning.levelling_files import wheel_file

    found = wheel_file(file, minutes=minutes, uptime=uptime, days=days)
    written: list[str] = []
    if found.status == "feasible":
        written = _write({"wheel.csv": found.to_rows(), "wheel_products.csv": found.per_product()}, output)
    if as_json:
        emit({**_wheel_facts(found), "written": written})
    elif found.status == "feasible":
        _show_wheel(found)
        _tell(written, output)
    if found.status == "infeasible":
        err(f"infeasible: {found.reason}")
        raise typer.Exit(INFEASIBLE)


def _show_wheel(found: "Wheel") -> None:
    assert found.order is not None and found.turns is not None
    facts = _wheel_facts(found)
    rows = [[name.replace("_", " "), _short(value)] for name, value in facts["facts"].items() if value is not None]
    out(columns(["wheel", ""], rows))
    best = "the shortest there is" if found.order.proven else f"at least {_short(found.order.bound)} in any order"
    out(f"\nchangeovers of {_short(found.order.minutes)} minutes in a cycle: {best}")
    for title, table in (("", found.per_product()), ("", found.to_rows())):
        body = [[_short(cell) for cell in row] for row in zip(*table.values(), strict=True)]
        out(f"{title}\n" + columns(list(table), body[:SHOWN]))
        _more(body)
    slack = [[_short(cell) for cell in one] for one in found.per_turn()]
    out("\n" + columns(["turn", "products", "changeover", "run", "slack"], slack[:SHOWN]))
    _more(slack)


def _wheel_facts(found: "Wheel") -> dict[str, Any]:
    lots = found.lots
    return {
        "status": found.status,
        "reason": found.reason,
        "facts": {
            "days_of_a_turn": found.turns.days if found.schedule is not None and found.turns else None,
            "shortest_turn": found.least_days,
            "epei": found.epei,
            "days_of_shortest_lead_time": found.calm_days,
            "turns_of_a_cycle": max(found.turns.every) if found.turns else None,
            "cost_a_day": found.cost,
            "economic_lots_cost": None if lots is None else lots.cost,
            "economic_lots_bound": None if lots is None else lots.bound,
            "economic_lots_method": None if lots is None else lots.method or None,
        },
        "order": None if found.order is None else {
            "products": [found.machine.products[row] for row in found.order.rows],
            "minutes": found.order.minutes, "bound": found.order.bound, "proven": found.order.proven,
        },
        "products": found.per_product(),
        "turns": [one._asdict() for one in found.per_turn()],
        "lots": found.to_rows(),
        "breaches": list(found.audit.breaches) if found.audit is not None else [],
    }  # fmt: skip


def _short(value: Any) -> Any:
    return float(f"{round(value, 9):.{DIGITS}g}") if isinstance(value, float) else value


def _more(rows: list[list[Any]]) -> None:
    if len(rows) > SHOWN:
        out(f"... and {len(rows) - SHOWN} more")


def _tell(written: list[str], output: str | None) -> None:
    if written:
        out(f"\nwritten to {output}: {', '.join(written)}")


def _write(tables: dict[str, dict[str, list[Any]]], folder: str | None) -> list[str]:
    """Write tables as CSV into a folder, if one is named; return their names."""
    if folder is None:
        return []
    from jitopt.formats.csv_text import guarded_csv
    from jitopt.planning.writing import write_tables

    return write_tables({name: guarded_csv(table) for name, table in tables.items()}, folder)
