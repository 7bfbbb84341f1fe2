"""What a run of a value stream measured: figures of the whole, of loops, stations and customers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import jitopt.simulation._kernels.plant_fields as f

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from jitopt.simulation.stream_replication import Replication

    Columns = dict[str, NDArray[np.float64]]

__all__ = ["Figures", "audit", "figures"]

NEAR = 1e-8
"""Rounding that sums of many times may differ by, relative."""
CONDITIONS = {"idle": f.IDLE, "setup": f.SETTING_UP, "run": f.RUNNING, "blocked": f.BLOCKED, "down": f.STANDING}


class Figures(NamedTuple):
    """Measures of one run: figures of the whole, columns of the tables, bars of the distributions.

    bars: shares of time by number of containers, for "stock" and "wip" an array for each loop.
    """

    totals: dict[str, float]
    loops: Columns
    stations: Columns
    demand: Columns
    bars: dict[str, list[NDArray[np.float64]]]


def figures(run: Replication) -> Figures:
    """Return what a run measured since its counts began."""
    run.flush()
    stock, wip = shares(run, f.STOCK_BARS, f.STOCK_BARS_COUNT), shares(run, f.WIP_BARS, f.WIP_BARS_COUNT)
    loops = loop_figures(run)
    loops["stock_p95"], loops["wip_p95"] = quantiles(stock, 0.95), quantiles(wip, 0.95)
    stations = station_figures(run)
    demand = customer_figures(run)
    return Figures(totals(run, loops, stations), loops, stations, demand, {"stock": stock, "wip": wip})


def _columns(run: Replication, rows: list[int]) -> tuple[Any, Any]:
    """Return readers of whole numbers and numbers of these rows."""
    import numpy as np

    address = np.array(rows, dtype=np.int64)
    return (lambda place: run.n[address, place].astype(np.float64)), (lambda place: run.x[address, place])


def _over(numerator: Any, denominator: Any, empty: float = math.nan) -> Any:
    """Divide; where there is nothing to divide by, the answer is `empty`."""
    import numpy as np

    numerator, denominator = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    found = np.full(np.broadcast(numerator, denominator).shape, empty)
    return np.divide(numerator, denominator, out=found, where=denominator != 0)


def loop_figures(run: Replication) -> Columns:
    """Return the figures of the loops."""
    whole, real = _columns(run, run.layout.loops)
    minutes, days = run.measured, run.measured / run.layout.stream.day
    unit, left = real(f.UNIT), whole(f.ARRIVED) + whole(f.RUINED)
    return {
        "service": 1.0 - _over(whole(f.LATE), whole(f.WITHDRAWALS)),
        "stock": real(f.AREA) * unit / minutes,
        "stock_maximum": whole(f.PEAK),
        "wip": real(f.WIP_AREA) / minutes,
        "lead_time": _over(real(f.STAYED), left),
        "throughput": whole(f.CONSUMED) * unit / days,
        "scrap": whole(f.SCRAPPED) * unit / days,
        "lost": whole(f.LOST),
        "left": left,
        "lead_sum": real(f.STAYED),
    }


def station_figures(run: Replication) -> Columns:
    """Return the shares of the time a station's servers are open that they spend in each condition."""
    import numpy as np

    servers = list(run.layout.servers.values())
    spent = np.array(
        [[sum(run.x[server, f.SPENT + condition] for server in group) for condition in range(6)] for group in servers]
    ).reshape(len(servers), 6)
    open_time = run.measured * np.array([len(group) for group in servers]) - spent[:, f.SHUT_DOWN]
    spent[:, f.IDLE] = open_time - spent[:, f.SETTING_UP : f.SHUT_DOWN].sum(axis=1)
    found = {name: _over(spent[:, condition], open_time, 0.0) for name, condition in CONDITIONS.items()}
    found["utilisation"] = found["run"] + found["setup"]
    # What keeps it from taking another container, but for those behind it: the highest is the bottleneck.
    found["load"] = found["utilisation"] + found["down"]
    return found


def customer_figures(run: Replication) -> Columns:
    """Return the figures of the customers."""
    import numpy as np

    whole, real = _columns(run, run.layout.customers)
    n, minutes, days = run.n, run.measured, run.measured / run.layout.stream.day
    taken = np.array([n[row, f.TAKES] for row in run.layout.customers], dtype=np.int64)
    unit = run.x[taken, f.UNIT]
    sink = (n[taken, f.SINK] == 1) & (whole(f.ORDERS) == 0)
    delivered = np.where(sink, n[taken, f.CONSUMED], whole(f.DELIVERED)) * unit
    waited = (real(f.WAITED) + np.array(still_waiting(run))) * unit
    return {
        "service": _over(whole(f.AT_ONCE), whole(f.DEMANDED)),
        "orders_at_once": _over(whole(f.ORDERS_AT_ONCE), whole(f.ORDERS)),
        "stock_out": real(f.STOCK_OUT) / days,
        "backlog": real(f.BACKLOG_AREA) * unit / minutes,
        "wait": _over(waited, whole(f.DEMANDED) * unit),
        "throughput": delivered / days,
        "unserved": whole(f.UNSERVED) * unit / days,
        "demanded": whole(f.DEMANDED) * unit,
        "at_once": whole(f.AT_ONCE) * unit,
        "orders": whole(f.ORDERS),
        "orders_served": whole(f.ORDERS_AT_ONCE),
        "waited": waited,
    }


def still_waiting(run: Replication) -> list[float]:
    """Return by customer what those who wait now have waited [grains x minutes]."""
    n, x = run.n, run.x
    found = dict.fromkeys(run.layout.customers, 0.0)
    for loop in run.layout.loops:
        row = n[loop, f.WAITING]
        while row >= 0:
            found[n[row, f.BUYER]] += n[row, f.OWED] * (run.now - max(x[row, f.BORN], x[0, f.START]))
            row = n[row, f.NEXT]
    return list(found.values())


def totals(run: Replication, loops: Columns, stations: Columns) -> dict[str, float]:
    """Return the figures of the whole."""
    customers = customer_figures(run)
    found = {name: float(customers[name].sum()) for name in ("throughput", "backlog", "unserved")}
    for name in ("demanded", "at_once", "orders", "orders_served", "waited"):
        found[name] = float(customers[name].sum())
    found["stock_out"] = float(customers["stock_out"].max(initial=0.0))
    found |= {name: float(loops[name].sum()) for name in ("stock", "wip", "left", "lead_sum", "scrap")}
    found["events"] = float(run.n[0, f.EVENTS])
    found["utilisation"] = float(stations["utilisation"].max(initial=0.0))
    return found


def shares(run: Replication, first: int, count: int) -> list[NDArray[np.float64]]:
    """Return the shares of time by number of containers, for each loop."""
    n, y = run.n, run.y
    return [y[n[loop, first] : n[loop, first] + n[loop, count]] / (run.measured or 1.0) for loop in run.layout.loops]


def quantiles(bars: list[NDArray[np.float64]], share: float) -> NDArray[np.float64]:
    """Return the smallest numbers of containers that are not exceeded in this share of the time."""
    import numpy as np

    return np.array([int(np.searchsorted(np.cumsum(bar), share - 1e-12)) for bar in bars], dtype=np.float64)


def audit(run: Replication) -> list[str]:
    """Return what does not add up in a run: cards, mass, Little's law. It should be nothing."""
    run.flush()
    found = []
    for place, name in enumerate(run.layout.stream.loops.loop):
        row = run.layout.loops[place]
        found += [
            f"{name}: {what}" for what in (*_cards(run, name, row), *_mass(run, place, row), *_little(run, place, row))
        ]
    return found


def _cards(run: Replication, name: str, row: int) -> list[str]:
    """Hold the cards of a loop against their number."""
    n = run.n
    if name not in run.layout.network.carded:
        return []
    size = n[row, f.SIZE]
    on_stock = n[row, f.LEVEL] // size if n[row, f.FIRST_PIECE] else -(-n[row, f.LEVEL] // size)
    cards = sum(int(n[row, place]) for place in (f.AUTHORISED, f.BOARD, f.POSTED, f.MOVING, f.LOST, f.WIP))
    total = cards + int(on_stock)
    wanted = run.layout.stream.loops.cards[run.layout.network.index[name]]
    return [] if total == wanted else [f"{total} cards instead of {wanted}"]


def _mass(run: Replication, place: int, row: int) -> list[str]:
    n = run.n
    made = n[row, f.PRODUCED] + (n[row, f.ARRIVED] + n[row, f.RUINED]) * n[row, f.SIZE]
    left = run.opening[place] + made - n[row, f.SCRAPPED] - n[row, f.CONSUMED] - n[row, f.LEVEL]
    return [] if left == 0 else [f"{left} grains came from nowhere"]


def _little(run: Replication, place: int, row: int) -> list[str]:
    """Hold containers under way, summed over time, against their stays, summed over containers."""
    x = run.x
    stays = x[row, f.STAYED] + run.stays(row) + run.before[place]
    area = x[row, f.WIP_AREA]
    return [] if abs(stays - area) <= NEAR * max(1.0, abs(area)) else [f"stays {stays} but {area} under way"]
