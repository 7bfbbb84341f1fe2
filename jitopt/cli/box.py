"""The heijunka box as it hangs on the wall: a row per product, a column per pitch, a block per day."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from jitopt.cli.output import columns, fit, number
from jitopt.problems.figures import counted, rounded
from jitopt.problems.heijunka.box_judge import bucket_minutes
from jitopt.problems.heijunka.judge import read_slots
from jitopt.problems.heijunka.pace import pace, reached

if TYPE_CHECKING:
    from jitopt.problems.heijunka import Heijunka, HeijunkaPlan

__all__ = ["pace_facts", "show_box", "show_pace"]

ROW = 20
"""Most buckets in a row of the terminal."""

MOST_BUCKETS = 200
MOST_PRODUCTS = 40

CELL = 12
"""Most columns of an id within the box."""


def show_box(instance: Heijunka, plan: HeijunkaPlan) -> str:
    """Return the box as text, day by day; a long one is cut, with a note."""
    slots, _ = read_slots(instance, plan)
    if slots is None:
        return "the plan has another shape than the box"
    shown = min(instance.slots, MOST_BUCKETS)
    blocks = []
    for day in range(instance.box_data.days):
        begin = day * instance.box_data.per_day
        end = min(begin + instance.box_data.per_day, shown)
        for first in range(begin, end, ROW):
            blocks.append(_block(instance, slots, range(first, min(first + ROW, end)), day + 1))
    text = "\n\n".join(blocks)
    text += _cut(len(instance.products.product), MOST_PRODUCTS, "products") + _cut(instance.slots, shown, "buckets")
    told = [*show_pace(pace_facts(instance)), *_interval(instance, plan)]
    return "\n".join([text, "", *told]) if told else text


def _block(instance: Heijunka, slots: list[dict[int, int]], buckets: range, day: int) -> str:
    """Return some buckets of a day: units by product, their sums, and the minutes used."""
    data, several = instance.box_data, instance.box_data.days > 1
    rows: list[list[object]] = []
    for row, product in enumerate(instance.products.product[:MOST_PRODUCTS]):
        units = [slots[bucket].get(row, 0) for bucket in buckets]
        rows.append([fit(product, CELL), *(str(value) if value else "." for value in units), str(sum(units))])
    sums = [sum(slots[bucket].values()) for bucket in buckets]
    rows.append(["units", *map(str, sums), str(sum(sums))])
    if data.available is not None:
        used = [work + setup for work, setup in bucket_minutes(instance, slots)]
        minutes = [used[bucket] for bucket in buckets]
        rows.append(["minutes", *(rounded(value, 4) for value in minutes), rounded(sum(minutes), 6)])
    head = ["bucket", *(str(bucket + 1) for bucket in buckets), "total"]
    table = columns(head, rows)
    return f"day {day}\n{table}" if several else table


def pace_facts(instance: Heijunka) -> dict[str, Any] | None:
    """Return takt, pitches and the EPEI that the working time allows as plain data, None without minutes."""
    found = pace(instance)
    if found is None:
        return None
    packs = Counter(pack for pack in instance.box_data.packs if pack > 1)
    return {
        "minutes": float(found.minutes),
        "units": instance.units,
        "takt": float(found.takt),
        "pitches": [
            {"pack": pack, "minutes": float(found.takt * pack), "products": packs[pack]} for pack in sorted(packs)
        ],
        "epei_days": None if found.epei is None else float(found.epei),
        "time_to_change_over": not found.endless,
    }


def show_pace(facts: dict[str, Any] | None) -> list[str]:
    """Return the pace of a line in words, a line for each figure; none without minutes."""
    if facts is None:
        return []
    lines = [
        f"takt      {rounded(facts['takt'], 6)} minutes a unit "
        f"({number(facts['minutes'])} working minutes, {counted(facts['units'], 'unit')})"
    ]
    for entry in facts["pitches"]:
        minutes, products = rounded(entry["minutes"], 6), counted(entry["products"], "product")
        lines.append(f"pitch     {minutes} minutes for a pack of {entry['pack']} ({products})")
    if not facts["time_to_change_over"]:
        lines.append("EPEI      the work leaves no minutes to change over: no interval is long enough")
    elif facts["epei_days"] is not None:
        lines.append(f"EPEI      {rounded(facts['epei_days'], 6)} days, the shortest that the working time allows")
    return lines


def _interval(instance: Heijunka, plan: HeijunkaPlan) -> list[str]:
    """Return the interval that the plan reaches."""
    buckets = reached(instance, plan)
    if buckets is None or not (instance.box_data.unknown or instance.box_data.days > 1):
        return []
    days = rounded(buckets / instance.box_data.per_day, 6)
    return [f"reached   every product within {counted(buckets, 'bucket')} ({days} days)"]


def _cut(found: int, shown: int, what: str) -> str:
    return f"\n... {found - shown} more {what}; -o FILE writes them all" if found > shown else ""
