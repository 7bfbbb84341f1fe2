"""What the sourcing formulations share: the rules that are one linear row each, however quantities are modelled.

Counts of suppliers and switches, shares, average defects and lateness, and required quantities are
told by the binaries w_l and z_s, the totals A_l and, for what may be relaxed, the relaxations u_r.
The rows are written in the operators that both modelling languages share: a model `m` offers its
variables as `m.w`, `m.z`, `m.k`, `m.c`, `m.y`, `m.n`, `m.total`, `m.ordered` and `m.relaxation`.

A share or an average is a quotient; its relaxation counts in units of the part's need N_p:
A_l - N_p u <= share x R_p. It is at least the true excess whenever N_p or more is ordered.

Part of `sourcing_quantity_mathopt` and `sourcing_quantity_pyomo`.
Holds: the constraints on counts, switches, shares, averages and required quantities, in w_l, z_s, A_l and R_p.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from ._sourcing_offers import CAPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ._sourcing import Data, RuleKey

__all__ = ["Rows", "Slack", "add_rules", "price_of_relaxation", "short", "slacks"]

ZERO = Fraction(0)


class Slack(NamedTuple):
    """A rule that may be relaxed: its row, price per unit, units per model unit, largest value in units."""

    row: int
    price: float
    scale: float
    most: float


class Rows(NamedTuple):
    """How a modelling language takes rows: add one; sum terms (also none of them)."""

    add: Callable[[Any], Any]
    gather: Callable[[Iterable[Any]], Any]


def short(m: Any, scale: float, name: str, *members: str) -> Any:
    """Return the relaxation of a rule in a row that counts in `scale` units; 0.0 for a rule to keep."""
    slack = m.slacks.get((name, members))
    return 0.0 if slack is None else slack.scale / scale * m.relaxation[slack.row]


def price_of_relaxation(m: Any) -> list[Any]:
    """Return the priced relaxations, the terms of an elastic model's objective."""
    return [m.data.money(slack.price * slack.scale) * m.relaxation[slack.row] for slack in m.slacks.values()]


def add_rules(m: Any, rows: Rows) -> None:
    """Add the rows of counts, shares, averages and required quantities."""
    _used(m, rows)
    _counts(m, rows)
    for p in m.ordered:
        rows.add(rows.gather(m.total[row] for row in m.data.of_part[p]) == m.ordered[p])
    for part, supplier, least, most in m.data.instance.share_rows:
        if m.data.of_part[m.data.part_row[part]]:
            _share_at_most(m, rows, part, supplier, most)
            _share_at_least(m, rows, part, supplier, least)
    for part, _, _, defects, late in m.data.instance.part_limit_rows:
        _average(m, rows, part, "defects", defects)
        _average(m, rows, part, "late", late)
    _required(m, rows)


# --- rules -----------------------------------------------------------------------------------


def _level(m: Any, rows: Rows, row: int) -> Any:
    """Return what is at least 1 if an offer without a least total to count is ordered at all."""
    offer = m.data.offers[row]
    return rows.gather((m.y if offer.orders else m.n)[row, t] for t in offer.cells)


def _used(m: Any, rows: Rows) -> None:
    """Used means ordered, and enough of it, where a least number of suppliers may ask for it."""
    data = m.data
    for row, offer in enumerate(data.offers):
        if offer.token:
            rows.add(m.total[row] >= data.units(offer.part, offer.token) * m.k[row])
        elif offer.counted and offer.link.part in data.pulled_parts:
            rows.add(m.w[row] <= _level(m, rows, row))
    for s in data.counting:
        levels = []
        for row in data.of_supplier[s]:
            offer = data.offers[row]
            levels.append(m.k[row] if offer.token else m.w[row] if offer.counted else _level(m, rows, row))
        rows.add(m.c[s] <= rows.gather(levels))


def _counts(m: Any, rows: Rows) -> None:
    data, offers, instance = m.data, m.data.offers, m.data.instance
    for part, least, most, _, _ in instance.part_limit_rows:
        mine = data.of_part[data.part_row[part]]
        used = rows.gather(m.w[row] for row in mine if offers[row].counted)
        if least:
            enough = rows.gather(m.k[row] if offers[row].token else m.w[row] for row in mine)
            rows.add(enough + short(m, 1, "part_suppliers_at_least", part) >= least)
        if most is not None:
            rows.add(used - short(m, 1, "part_suppliers_at_most", part) <= most)
    used = rows.gather(m.z[s] for s, active in enumerate(data.active) if active)
    if instance.suppliers_at_least:
        enough = rows.gather(m.c[s] for s in data.counting)
        rows.add(enough + short(m, 1, "suppliers_at_least") >= instance.suppliers_at_least)
    if instance.suppliers_at_most is not None:
        rows.add(used - short(m, 1, "suppliers_at_most") <= instance.suppliers_at_most)
    if instance.current and instance.current.at_most is not None:
        switched = rows.gather(m.w[row] for row, offer in enumerate(offers) if offer.switch)
        rows.add(switched - short(m, 1, "switches") <= instance.current.at_most)


def _share_at_most(m: Any, rows: Rows, part: str, supplier: str | None, most: Fraction | None) -> None:
    data, p = m.data, m.data.part_row[part]
    if most is None:
        return
    members = (part,) if supplier is None else (part, supplier)
    over = float(data.norm(p)) * short(m, data.scale[p], "share_at_most", *members)
    for row in data.of_part[p]:
        if supplier in (None, data.offers[row].link.supplier):
            rows.add(m.total[row] - over <= float(most) * m.ordered[p])


def _share_at_least(m: Any, rows: Rows, part: str, supplier: str | None, least: Fraction | None) -> None:
    """Keep a least share: of a named supplier always, of every supplier if it is used."""
    data, p = m.data, m.data.part_row[part]
    if not least:
        return
    members = (part,) if supplier is None else (part, supplier)
    under = float(data.norm(p)) * short(m, data.scale[p], "share_at_least", *members)
    asked = float(least) * m.ordered[p]
    if supplier is not None:
        mine = [row for row in data.of_part[p] if data.offers[row].link.supplier == supplier]
        rows.add(rows.gather(m.total[row] for row in mine) + under >= asked)
        return
    free = data.units(p, least * data.most_ordered(p))
    for row in data.of_part[p]:
        rows.add(m.total[row] + under + free * (1 - m.w[row]) >= asked)
    if not data.relaxed("share_at_least", *members):
        used = rows.gather(m.w[row] for row in data.of_part[p])
        rows.add(used <= math.floor(1 / max(float(least) - 1e-9, 1e-9)))


def _average(m: Any, rows: Rows, part: str, name: str, limit: Fraction | None) -> None:
    """Limit the average share of defective or late units of a part."""
    data, p = m.data, m.data.part_row[part]
    if limit is None or not data.of_part[p]:
        return
    bad = rows.gather(float(getattr(data.offers[row].link, name)) * m.total[row] for row in data.of_part[p])
    over = float(data.norm(p)) * short(m, data.scale[p], name, part)
    rows.add(bad - over <= float(limit) * m.ordered[p])


def _required(m: Any, rows: Rows) -> None:
    data = m.data
    for supplier, part, least in data.instance.required_rows:
        s = data.supplier_row[supplier]
        members = (supplier,) if part is None else (supplier, part)
        mine = [row for row in data.of_supplier[s] if part in (None, data.offers[row].link.part)]
        ordered = rows.gather(data.ratio(row) * m.total[row] for row in mine)
        rows.add(ordered + short(m, data.mix[s], "required", *members) >= data.units_at(s, least))


# --- relaxations -----------------------------------------------------------------------------


def slacks(data: Data) -> dict[RuleKey, Slack]:
    """Return the rules that may be relaxed, with the scale and largest value of their relaxation."""
    return {
        key: Slack(row, price, data.rule_scale(key), _most(data, key))
        for row, (key, price) in enumerate((data.elastic or {}).items())
    }


def _most(data: Data, key: RuleKey) -> float:
    """Return how far a rule can be broken at all, in its own units."""
    (name, members), instance = key, data.instance
    if name == "demand":
        return float(sum(instance.demand[members[0]], ZERO))
    if name == "minimum":
        return float(instance.links[members[0], members[1]].minimum)
    if name == "required":
        asked = {(supplier, part): least for supplier, part, least in instance.required_rows}
        return float(asked[members[0], members[1] if len(members) > 1 else None])
    if name == "storage":
        return float(instance.initial[members[0]] + data.most_ordered(data.part_row[members[0]]))
    if name in ("capacity", *CAPS):
        rows = data.of_supplier[data.supplier_row[members[0]]]
        offers = [data.offers[row] for row in rows if members[1:] in ((), (data.offers[row].link.part,))]
        return float(sum((max(offer.upper) for offer in offers), ZERO))
    if name in ("share_at_least", "share_at_most", "defects", "late"):
        part = data.part_row[members[0]]
        return float(data.most_ordered(part) / (data.norm(part) or 1))
    return float(max(len(data.suppliers), len(data.offers)))
