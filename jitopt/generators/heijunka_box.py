"""Days, due dates, minutes, changeovers and packs of a made heijunka box, set around its hidden plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.errors import InputError

if TYPE_CHECKING:
    from jitopt.generators.heijunka import Hidden

__all__ = ["add_box", "check_box"]


def check_box(options: dict[str, Any]) -> None:
    """Refuse options of the box that contradict each other."""
    wanted = [name for name in ("pack", "days") if options[name] > 1]
    wanted += [name for name in ("minutes", "setup", "stock") if options[name]]
    if wanted and not options["buckets"]:
        raise InputError(f"the option {wanted[0]} needs a box", remedy="set buckets")
    if min(options["days"], options["pack"]) < 1 or options["buckets"] % options["days"]:
        raise InputError(
            "buckets must be divided evenly into days, packs hold at least 1 unit",
            value=options["days"],
            remedy="correct days, buckets or pack",
        )
    if options["minutes"] > 1:
        raise InputError("the option minutes is a share, at most 1", value=options["minutes"], remedy="correct it")
    if options["setup"] and not options["minutes"]:
        raise InputError("changeovers take minutes of a bucket", value=options["setup"], remedy="set minutes")
    if options["units"] // options["pack"] < options["products"]:
        raise InputError("every product needs a full pack", value=options["pack"], remedy="raise units")


def add_box(rng: np.random.Generator, options: dict[str, Any], data: dict[str, Any], hidden: Hidden) -> None:
    """Add what the options ask for; the hidden plan keeps all of it."""
    count = len(data["products"]["product"])
    if options["pack"] > 1:
        data["products"]["pack"] = [options["pack"]] * count
    if options["days"] > 1:
        _add_days(rng, options, data, hidden)
    if options["minutes"]:
        _add_minutes(rng, options, data, hidden)


def _add_days(rng: np.random.Generator, options: dict[str, Any], data: dict[str, Any], hidden: Hidden) -> None:
    """Let be due by each day what the hidden plan has built by then, and the opening stock on top."""
    days, table = options["days"], data["products"]
    stocks = rng.integers(0, options["stock"], len(table["product"]), endpoint=True)
    per_day = hidden.slots // days
    rows = []
    for row, (product, demand) in enumerate(zip(table["product"], table["demand"], strict=True)):
        built = np.bincount(hidden.slot[hidden.row == row] // per_day, minlength=days).cumsum()
        due = np.minimum(demand, built + int(stocks[row]))
        rows += [(product, day + 1, int(units)) for day, units in enumerate(np.diff(due, prepend=0)) if units]
    data["demands"] = {name: [entry[at] for entry in rows] for at, name in enumerate(("product", "day", "quantity"))}
    data["box"]["days"] = days
    if options["stock"]:
        table["stock"] = [int(stock) for stock in stocks]


def _add_minutes(rng: np.random.Generator, options: dict[str, Any], data: dict[str, Any], hidden: Hidden) -> None:
    """Draw minutes of units and changeovers; the fullest bucket of the hidden plan is loaded as the option says."""
    table, count = data["products"], len(data["products"]["product"])
    minutes = rng.integers(2, 6, count, endpoint=True) / 4
    setups = rng.integers(1, 8, count, endpoint=True) * options["setup"] / 4
    setups = np.round(setups, 2)
    used = np.bincount(hidden.slot, weights=minutes[hidden.row], minlength=hidden.slots)
    for row in range(count):
        built = hidden.built(row)
        begins = np.setdiff1d(built, built + 1)
        used[begins[begins > 0]] += setups[row]
    table["minutes"] = [float(value) for value in minutes]
    if options["setup"]:
        table["setup"] = [float(value) for value in setups]
    data["box"]["minutes"] = float(np.ceil(100 * used.max() / options["minutes"]) / 100)
