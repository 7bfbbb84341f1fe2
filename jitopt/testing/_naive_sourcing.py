"""Sourcing plans evaluated straight from the definitions; see `jitopt.testing._definitions`."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from jitopt.testing._definitions import Broken, NaiveEvaluation, column, number

__all__ = ["evaluate"]

Data = dict[str, Any]
ZERO = Fraction(0)


class Orders:
    """The orders of a plan, asked for sums over any supplier, part and period."""

    def __init__(self, plan: Data) -> None:
        self.rows = [
            (order["supplier"], order["part"], order["period"], number(order["quantity"]))
            for order in plan["orders"]
            if order["quantity"] > 0
        ]

    def total(self, supplier: str | None = None, part: str | None = None, period: int | None = None) -> Fraction:
        """Return what is ordered; None stands for all."""
        return sum(
            (
                quantity
                for s, p, t, quantity in self.rows
                if supplier in (None, s) and part in (None, p) and period in (None, t)
            ),
            ZERO,
        )

    def links(self) -> set[tuple[str, str]]:
        """Return the (supplier, part) pairs that are used."""
        return {(s, p) for s, p, _, _ in self.rows}

    def cells(self) -> set[tuple[str, str, int]]:
        """Return the (supplier, part, period) triples with an order."""
        return {(s, p, t) for s, p, t, _ in self.rows}


def evaluate(data: Data, plan: Data) -> NaiveEvaluation:
    """Evaluate the plan of a sourcing instance, both as plain data."""
    orders = Orders(plan)
    quoted = set(zip(data["quotes"]["supplier"], data["quotes"]["part"], strict=True))
    horizon = max(data["parts"]["period"])
    broken: Broken = {}
    for supplier, part, period, quantity in orders.rows:
        if (supplier, part) not in quoted:
            broken["quote", (supplier, part)] = quantity
        elif period > horizon:
            broken["horizon", (supplier, part)] = Fraction(period)
    if broken:
        return NaiveEvaluation(None, broken)
    for rule in (_orders, _capacity, _stock, _shares, _part_limits, _counts, _required):
        broken |= {key: amount for key, amount in rule(data, orders) if amount > 0}
    return NaiveEvaluation(_terms(data, orders), broken)


Amounts = list[tuple[tuple[str, tuple[str, ...]], Fraction]]
"""Amounts by which rules are broken, not positive when kept; the last positive one of a key counts."""


def _worst(amounts: Amounts) -> Amounts:
    worst: Broken = {}
    for key, amount in amounts:
        worst[key] = max(amount, worst.get(key, ZERO))
    return list(worst.items())


def _periods(data: Data) -> range:
    return range(1, max(data["parts"]["period"]) + 1)


def _demand(data: Data, part: str, last: int) -> Fraction:
    """Return the demand of a part in the periods 1 to `last`."""
    table = data["parts"]
    rows = zip(table["part"], table["period"], table["demand"], strict=True)
    return sum((number(demand) for p, t, demand in rows if p == part and t <= last), ZERO)


def _of_part(data: Data, part: str, name: str, default: Any) -> Any:
    """Return an entry of the stock table."""
    table = data.get("stock")
    if table is None or part not in table["part"]:
        return default
    return column(table, name, default)[table["part"].index(part)]


def _end_stock(data: Data, orders: Orders, part: str, period: int) -> Fraction:
    received = sum((orders.total(part=part, period=t) for t in range(1, period + 1)), ZERO)
    return number(_of_part(data, part, "initial", 0)) + received - _demand(data, part, period)


def _parts(data: Data) -> list[str]:
    return list(dict.fromkeys(data["parts"]["part"]))


# --- the rules -----------------------------------------------------------------------------


def _quotes(data: Data) -> list[dict[str, Any]]:
    table = data["quotes"]
    names = ("fixed_cost", "order_cost", "minimum", "defects")
    late = dict(
        zip(
            data["suppliers"]["supplier"], (1 - number(x) for x in column(data["suppliers"], "on_time", 1)), strict=True
        )
    )
    return [
        {name: number(column(table, name, 0)[row]) for name in names}
        | {name: column(table, name, None)[row] for name in ("capacity", "multiple", "maximum")}
        | {"supplier": supplier, "part": part, "price": number(table["price"][row]), "late": late[supplier]}
        for row, (supplier, part) in enumerate(zip(table["supplier"], table["part"], strict=True))
    ]


def _enough(data: Data, quote: dict[str, Any], quantity: Fraction) -> bool:
    """Tell whether a total makes a supplier count for a least number.

    With a multiple or a minimum any order does; else 1 unit or a tenth of the demand, or all that
    one order can be.
    """
    if quote["multiple"]:
        return quantity > 0
    suppliers = data["suppliers"]
    shared = column(suppliers, "capacity", None)[suppliers["supplier"].index(quote["supplier"])]
    caps = [quote["capacity"], quote["maximum"], quote["minimum"], shared, _of_part(data, quote["part"], "storage", 0)]
    caps += [_demand(data, quote["part"], _periods(data)[-1]) / 10, 1]
    least = min(number(cap) for cap in caps if cap)
    return quantity > 0 and quantity >= least - least / 10**9


def _orders(data: Data, orders: Orders) -> Amounts:
    found: Amounts = []
    for quote in _quotes(data):
        link = (quote["supplier"], quote["part"])
        for period in _periods(data):
            quantity = orders.total(*link, period)
            if not quantity:
                continue
            found.append((("minimum", link), quote["minimum"] - quantity))
            if quote["multiple"] is not None:
                rest = quantity % number(quote["multiple"])
                found.append((("multiple", link), min(rest, number(quote["multiple"]) - rest)))
            if quote["capacity"] is not None:
                found.append((("quote_capacity", link), quantity - number(quote["capacity"])))
            if quote["maximum"] is not None:
                found.append((("maximum", link), quantity - number(quote["maximum"])))
    return _worst(found)


def _capacity(data: Data, orders: Orders) -> Amounts:
    table = data["suppliers"]
    return _worst(
        [
            (("capacity", (supplier,)), orders.total(supplier, None, period) - number(limit))
            for supplier, limit in zip(table["supplier"], column(table, "capacity", None), strict=True)
            if limit is not None
            for period in _periods(data)
        ]
    )


def _stock(data: Data, orders: Orders) -> Amounts:
    found: Amounts = []
    for part in _parts(data):
        limit = _of_part(data, part, "storage", None)
        for period in _periods(data):
            found.append((("demand", (part,)), -_end_stock(data, orders, part, period)))
            if limit is not None:
                need = _demand(data, part, period) - _demand(data, part, period - 1)
                peak = _end_stock(data, orders, part, period) + need
                found.append((("storage", (part,)), peak - number(limit)))
    return _worst(found)


def _shares(data: Data, orders: Orders) -> Amounts:
    table = data.get("shares")
    found: Amounts = []
    for row, part in enumerate(table["part"] if table else []):
        supplier = column(table, "supplier", None)[row]
        at_least, at_most = (column(table, name, None)[row] for name in ("at_least", "at_most"))
        members = (part,) if supplier is None else (part, supplier)
        ordered = orders.total(part=part)
        for quote in _quotes(data):
            if quote["part"] != part or supplier not in (None, quote["supplier"]) or not ordered:
                continue
            share = orders.total(quote["supplier"], part) / ordered
            if at_most is not None:
                found.append((("share_at_most", members), share - number(at_most)))
            if at_least is not None and (supplier is not None or share > 0):
                found.append((("share_at_least", members), number(at_least) - share))
    return _worst(found)


def _part_limits(data: Data, orders: Orders) -> Amounts:
    table = data.get("part_limits")
    found: Amounts = []
    for row, part in enumerate(table["part"] if table else []):
        used = len({s for s, p in orders.links() if p == part})
        ordered = orders.total(part=part)
        least, most, defects, late = (
            column(table, name, None)[row]
            for name in ("suppliers_at_least", "suppliers_at_most", "defects_at_most", "late_at_most")
        )
        if least is not None:
            counted = sum(
                _enough(data, quote, orders.total(quote["supplier"], part))
                for quote in _quotes(data)
                if quote["part"] == part
            )
            found.append((("part_suppliers_at_least", (part,)), Fraction(least - counted)))
        if most is not None:
            found.append((("part_suppliers_at_most", (part,)), Fraction(used - most)))
        for rule, limit in (("defects", defects), ("late", late)):
            if limit is not None and ordered:
                bad = sum(
                    (
                        quote[rule] * orders.total(quote["supplier"], part)
                        for quote in _quotes(data)
                        if quote["part"] == part
                    ),
                    ZERO,
                )
                found.append(((rule, (part,)), bad / ordered - number(limit)))
    return found


def _counts(data: Data, orders: Orders) -> Amounts:
    used = len({supplier for supplier, _ in orders.links()})
    found: Amounts = []
    if data.get("suppliers_at_least") is not None:
        counted = {q["supplier"] for q in _quotes(data) if _enough(data, q, orders.total(q["supplier"], q["part"]))}
        found.append((("suppliers_at_least", ()), Fraction(data["suppliers_at_least"] - len(counted))))
    if data.get("suppliers_at_most") is not None:
        found.append((("suppliers_at_most", ()), Fraction(used - data["suppliers_at_most"])))
    limit = (data.get("current") or {}).get("at_most")
    if limit is not None:
        found.append((("switches", ()), Fraction(_switched(data, orders) - limit)))
    return found


def _switched(data: Data, orders: Orders) -> int:
    award = data["current"]["award"]
    return len(orders.links() - set(zip(award["supplier"], award["part"], strict=True)))


def _required(data: Data, orders: Orders) -> Amounts:
    table = data.get("required")
    found: Amounts = []
    for row, supplier in enumerate(table["supplier"] if table else []):
        part = column(table, "part", None)[row]
        members = (supplier,) if part is None else (supplier, part)
        assert table is not None
        found.append((("required", members), number(table["at_least"][row]) - orders.total(supplier, part)))
    return found


# --- the terms -----------------------------------------------------------------------------


def _terms(data: Data, orders: Orders) -> dict[str, Fraction]:
    quotes = _quotes(data)
    fixed = dict(zip(data["suppliers"]["supplier"], column(data["suppliers"], "fixed_cost", 0), strict=True))
    by_link = {(quote["supplier"], quote["part"]): quote for quote in quotes}
    terms = {
        "purchase": sum((_purchase(data, orders, quote) for quote in quotes), ZERO),
        "supplier_fixed": sum((number(fixed[s]) for s in {s for s, _ in orders.links()}), ZERO),
        "link_fixed": sum((by_link[link]["fixed_cost"] for link in orders.links()), ZERO),
        "ordering": sum((by_link[s, p]["order_cost"] for s, p, _ in orders.cells()), ZERO),
        "holding": sum(
            (
                number(_of_part(data, part, "holding_cost", 0)) * max(ZERO, _end_stock(data, orders, part, period))
                for part in _parts(data)
                for period in _periods(data)
            ),
            ZERO,
        ),
    }
    for name, rate, share in (("defects", "defect_cost", "defects"), ("lateness", "late_cost", "late")):
        bad = sum((quote[share] * orders.total(quote["supplier"], quote["part"]) for quote in quotes), ZERO)
        terms[name] = number(data.get(rate, 0)) * bad
    if data.get("current"):
        terms["switching"] = number(data["current"].get("price", 0)) * _switched(data, orders)
    return terms


def _purchase(data: Data, orders: Orders, quote: dict[str, Any]) -> Fraction:
    """Cost of one link: unit by unit for incremental breaks, else price x factor of the total."""
    supplier, part = quote["supplier"], quote["part"]
    price: Fraction = quote["price"]
    quantity = orders.total(supplier, part)
    breaks, incremental, whole = _breaks(data, supplier, part)
    if incremental:
        cost = ZERO
        for row, (start, factor) in enumerate(breaks):
            end = breaks[row + 1][0] if row + 1 < len(breaks) else quantity
            cost += factor * price * max(ZERO, min(quantity, end) - start)
        return cost
    counted = orders.total(supplier) if whole else quantity
    factor = [factor for start, factor in breaks if start <= counted][-1]
    return price * quantity * factor


def _breaks(data: Data, supplier: str, part: str) -> tuple[list[tuple[Fraction, Fraction]], bool, bool]:
    """Return the breaks of a link, whether they are incremental, whether they count the supplier's total."""
    table = data.get("discounts")
    found, incremental, whole = {ZERO: Fraction(1)}, False, False
    for row, other in enumerate(table["supplier"] if table else []):
        scope = column(table, "part", None)[row]
        if other == supplier and scope in (None, part):
            assert table is not None
            found[number(table["from_quantity"][row])] = number(table["factor"][row])
            incremental = column(table, "kind", "all_units")[row] == "incremental"
            whole = scope is None
    return sorted(found.items()), incremental, whole
