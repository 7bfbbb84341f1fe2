"""Optima of tiny sourcing instances: all structures, each priced by a linear programme.

A structure says which (supplier, part, period) cells have an order, which price break each ladder
reaches, and, where a quote has a multiple, how many packs are ordered; given the structure, what
is left is linear. The structures form a tree. At a node some decisions are open; its linear
programme charges nothing for what is open (no fixed cost, no minimum, the lowest factor of an open
ladder), so its value bounds every structure below it, and a node that cannot be better is left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from jitopt.problems.sourcing import Order, Sourcing, SourcingPlan
from jitopt.testing._optimum import Optimum

if TYPE_CHECKING:
    from jitopt.problems.sourcing.instance import Ladder

__all__ = ["search"]

Cell = tuple[str, str, int]
LadderKey = tuple[str, str | None]

MOST_NODES = 20_000
"""No more linear programmes than this are solved."""

EPSILON = 1e-7
"""A quantity of a linear programme below this is nothing."""


@dataclass(frozen=True)
class Node:
    """Decisions taken so far: orders placed or not, breaks reached, least and most packs, links that count or not."""

    used: dict[Cell, bool] = field(default_factory=dict)
    tiers: dict[LadderKey, int] = field(default_factory=dict)
    packs: dict[Cell, tuple[int, int]] = field(default_factory=dict)
    enough: dict[tuple[str, str], bool] = field(default_factory=dict)


@dataclass
class Relaxation:
    """The linear programme of a node: min cost + constant, rows @ q <= limits, low <= q <= high."""

    cost: list[float]
    low: list[float]
    high: list[float]
    rows: list[list[float]] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)
    constant: float = 0.0


def search(instance: Sourcing) -> Optimum | None:
    """Return the optimum of a tiny instance, None when no plan keeps every rule.

    Raises
    ------
    ValueError
        If the tree is too large, or the optimum is approached but not reached.
    """
    tree = Tree(instance)
    tree.visit()
    if tree.best is None:
        return None
    plan = tree.best
    exact = instance.evaluate(plan).exact
    assert exact is not None
    return Optimum(exact, plan)


class Tree:
    """The tree of structures of one instance, and the best plan found in it."""

    def __init__(self, instance: Sourcing) -> None:
        self.instance = instance
        self.cells: list[Cell] = [(s, p, t) for s, p in instance.links for t in instance.periods]
        self.column = {cell: j for j, cell in enumerate(self.cells)}
        self.ladders: dict[LadderKey, Ladder] = {(ladder.supplier, ladder.part): ladder for ladder in instance.ladders}
        self.largest = {part: largest_order(instance, part) for part in instance.demand}
        self.best: SourcingPlan | None = None
        self.value = math.inf
        self.nodes = 0

    def visit(self) -> None:
        """Walk the tree, depth first."""
        stack = [Node()]
        while stack:
            self.nodes += 1
            if self.nodes > MOST_NODES:
                raise ValueError("The instance is too large for the enumeration of its structures.")
            node = stack.pop()
            stack += self._expand(node)

    def _expand(self, node: Node) -> list[Node]:
        """Return the nodes below `node`, none when it is solved or cannot be better."""
        if not self._counts_possible(node):
            return []
        solution = self._solve(node)
        if solution is None or solution[0] >= self.value - 1e-9 * max(1.0, abs(self.value)):
            return []
        quantities = solution[1]
        return (
            self._branch_on_enough(node)
            or self._branch_on_use(node, quantities)
            or self._branch_on_tier(node)
            or self._branch_on_packs(node, quantities)
            or self._keep(quantities)
        )

    # --- branching -------------------------------------------------------------------------

    def _branch_on_use(self, node: Node, quantities: list[float]) -> list[Node]:
        """Decide an open cell that the programme orders from, or any while counts are open."""
        wanted = [c for c in self.cells if c not in node.used and quantities[self.column[c]] > EPSILON]
        if not wanted and not self._counts_kept(node):
            wanted = [c for c in self.cells if c not in node.used]
        if not wanted:
            return []
        cell = max(wanted, key=lambda c: quantities[self.column[c]])
        return [replace(node, used=node.used | {cell: way}) for way in (False, True)]

    def _branch_on_enough(self, node: Node) -> list[Node]:
        """Decide an open link that makes its supplier count from some quantity on, while counts are open."""
        if self._counts_kept(node):
            return []
        links = [link for link, least in self.instance.smallest_use.items() if least and link not in node.enough]
        return [replace(node, enough=node.enough | {link: way}) for link in links[:1] for way in (False, True)]

    def _branch_on_tier(self, node: Node) -> list[Node]:
        for key, ladder in self.ladders.items():
            if key not in node.tiers:
                return [replace(node, tiers=node.tiers | {key: r}) for r in range(len(ladder.breaks))]
        return []

    def _branch_on_packs(self, node: Node, quantities: list[float]) -> list[Node]:
        for cell in self.cells:
            multiple = self.instance.links[cell[:2]].multiple
            if multiple is None:
                continue
            packs = quantities[self.column[cell]] / float(multiple)
            if abs(packs - round(packs)) > EPSILON:
                least, most = node.packs.get(cell, (0, 10**9))
                halves = ((least, math.floor(packs)), (math.floor(packs) + 1, most))
                return [replace(node, packs=node.packs | {cell: half}) for half in halves]
        return []

    def _keep(self, quantities: list[float]) -> list[Node]:
        """Take the plan of a node without open decisions, if it is the best so far."""
        plan = self._plan(quantities)
        found = self.instance.evaluate(plan)
        if found.violations or found.exact is None:
            raise ValueError(f"The optimum is not reached by any plan: {found.violations}")
        if float(found.exact) < self.value:
            self.best, self.value = plan, float(found.exact)
        return []

    def _plan(self, quantities: list[float]) -> SourcingPlan:
        """Return the plan, numbers snapped to the near fraction they stand for."""
        orders = []
        for (supplier, part, period), value in zip(self.cells, quantities, strict=True):
            if value > EPSILON:
                near = Fraction(value).limit_denominator(5000)
                quantity = float(near) if abs(float(near) - value) < 1e-9 else value
                orders.append(Order(supplier=supplier, part=part, period=period, quantity=quantity))
        return SourcingPlan(orders=tuple(orders))

    # --- rules on which links are used -------------------------------------------------------

    def _used_links(self, node: Node, way: bool) -> set[tuple[str, str]]:
        """Return the links used for sure (way True), or not ruled out (way False)."""
        return {c[:2] for c in self.cells if node.used.get(c, not way)}

    def _counting(self, node: Node, way: bool) -> set[tuple[str, str]]:
        """Return the links that count for a least number for sure (way True), or possibly (way False)."""
        smallest = self.instance.smallest_use
        any_order = {link for link in self._used_links(node, way) if not smallest[link]}
        return any_order | {link for link, least in smallest.items() if least and node.enough.get(link, not way)}

    def _counts(self, node: Node) -> list[tuple[int, int | None, int, int, int | None]]:
        """Return (used for sure, at most, possibly counting, counting for sure, at least) of every count rule."""
        instance = self.instance
        sure, possible, counts = self._used_links(node, True), self._counting(node, False), self._counting(node, True)
        found = [
            (
                len({s for s, _ in sure}),
                instance.suppliers_at_most,
                len({s for s, _ in possible}),
                len({s for s, _ in counts}),
                instance.suppliers_at_least,
            )
        ]
        for part, least, most, _, _ in instance.part_limit_rows:
            of_part = [sum(p == part for _, p in links) for links in (sure, possible, counts)]
            found.append((of_part[0], most, of_part[1], of_part[2], least))
        if instance.current is not None:
            found.append((len(sure - instance.awarded), instance.current.at_most, 0, 0, None))
        return found

    def _counts_possible(self, node: Node) -> bool:
        return all(
            (most is None or sure <= most) and (least is None or possible >= least)
            for sure, most, possible, _, least in self._counts(node)
        )

    def _counts_kept(self, node: Node) -> bool:
        """Tell whether the least counts hold when every open cell stays without order."""
        return all(least is None or counts >= least for _, _, _, counts, least in self._counts(node))

    # --- the linear programme ----------------------------------------------------------------

    def _solve(self, node: Node) -> tuple[float, list[float]] | None:
        """Return value and quantities of the node's linear programme, None when it is infeasible."""
        from scipy.optimize import linprog

        lp = self._relaxation(node)
        if lp is None:
            return None
        # Slack far below what the judge tolerates, so that vertices keep their exact numbers.
        found = linprog(
            lp.cost,
            A_ub=np.array(lp.rows),
            b_ub=np.array(lp.limits),
            bounds=list(zip(lp.low, lp.high, strict=True)),
            method="highs-ds",
            options={"presolve": False, "primal_feasibility_tolerance": 1e-10},
        )
        if found.status == 2:
            return None
        if found.status != 0 or found.fun is None or found.x is None:
            raise ValueError(f"A linear programme was not solved: {found.message}")
        return found.fun + lp.constant, [float(q) for q in found.x]

    def _relaxation(self, node: Node) -> Relaxation | None:
        lp = self._bounds(node)
        if any(low > high + 1e-12 for low, high in zip(lp.low, lp.high, strict=True)):
            return None
        self._price(lp, node)
        self._stock(lp)
        self._limits(lp, node)
        lp.constant += self._fixed_costs(node)
        return lp

    def _bounds(self, node: Node) -> Relaxation:
        low, high = [], []
        for cell in self.cells:
            link = self.instance.links[cell[:2]]
            most = self.largest[cell[1]]
            most = most if link.maximum is None else min(most, link.maximum)
            most = most if link.capacity is None else min(most, link.capacity)
            least = link.minimum if node.used.get(cell) else Fraction(0)
            if link.multiple is not None:
                packs = node.packs.get(cell, (0, 10**9))
                few = packs[0] if not node.used.get(cell) else max(1, packs[0], math.ceil(least / link.multiple))
                least, most = few * link.multiple, min(packs[1], most // link.multiple) * link.multiple
            low.append(float(least))
            high.append(float(most) if node.used.get(cell, True) else 0.0)
        return Relaxation(cost=[0.0] * len(self.cells), low=low, high=high)

    def _row(self, lp: Relaxation, weights: dict[int, Fraction], limit: Fraction) -> None:
        """Add sum of weights x quantities <= limit."""
        row = [0.0] * len(self.cells)
        for j, weight in weights.items():
            row[j] = float(weight)
        lp.rows.append(row)
        lp.limits.append(float(limit))

    def _columns(self, supplier: str | None, part: str | None, period: int | None = None) -> list[int]:
        return [
            j
            for j, (s, p, t) in enumerate(self.cells)
            if supplier in (None, s) and part in (None, p) and period in (None, t)
        ]

    def _price(self, lp: Relaxation, node: Node) -> None:
        """Add prices, quality costs, and the factor of the break each ladder reaches."""
        instance = self.instance
        defect, late = Fraction(str(instance.defect_cost)), Fraction(str(instance.late_cost))
        for j, (supplier, part, _) in enumerate(self.cells):
            link = instance.links[supplier, part]
            key: LadderKey = (supplier, part) if (supplier, part) in self.ladders else (supplier, None)
            factor = Fraction(1)
            if key in self.ladders:
                factor = self.ladders[key].breaks[node.tiers.get(key, -1)][1]
            lp.cost[j] += float(link.price * factor + defect * link.defects + late * link.late)
        for scope, tier in node.tiers.items():
            ladder = self.ladders[scope]
            columns = self._columns(*scope)
            start = ladder.breaks[tier][0]
            self._row(lp, dict.fromkeys(columns, Fraction(-1)), -start)
            if tier + 1 < len(ladder.breaks):
                self._row(lp, dict.fromkeys(columns, Fraction(1)), ladder.breaks[tier + 1][0])
            if ladder.kind == "incremental" and ladder.part is not None:
                price = instance.links[ladder.supplier, ladder.part].price
                lp.constant += float(price * _above(ladder, tier))

    def _stock(self, lp: Relaxation) -> None:
        """Add demand, storage and holding cost (stock at the end = initial + arrivals - demand)."""
        instance = self.instance
        for part, demand in instance.demand.items():
            arrived: dict[int, Fraction] = {}
            stock = instance.initial[part]
            holding, limit = instance.holding_cost[part], instance.storage[part]
            for period, need in zip(instance.periods, demand, strict=True):
                arrived |= dict.fromkeys(self._columns(None, part, period), Fraction(1))
                if limit is not None:
                    self._row(lp, arrived, limit - stock)
                stock -= need
                self._row(lp, {j: -one for j, one in arrived.items()}, stock)
                lp.constant += float(holding * stock)
                for j in arrived:
                    lp.cost[j] += float(holding)

    def _limits(self, lp: Relaxation, node: Node) -> None:
        """Add capacities, shares, quality limits and required quantities."""
        instance = self.instance
        for supplier, capacity in instance.capacity.items():
            for period in instance.periods if capacity is not None else ():
                every = dict.fromkeys(self._columns(supplier, None, period), Fraction(1))
                self._row(lp, every, capacity or Fraction(0))
        for part, member, at_least, at_most in instance.share_rows:
            for s, p in instance.links:
                if p == part and member in (None, s):
                    sure = member is not None or (s, p) in self._used_links(node, True)
                    self._share(lp, (s, p), at_least if sure else None, at_most)
        for part, _, _, defects, late in instance.part_limit_rows:
            for name, share in (("defects", defects), ("late", late)):
                if share is not None:
                    columns = self._columns(None, part)
                    bad = {j: getattr(instance.links[self.cells[j][:2]], name) - share for j in columns}
                    self._row(lp, bad, Fraction(0))
        for link, way in node.enough.items():
            if way:
                self._row(lp, dict.fromkeys(self._columns(*link), Fraction(-1)), -instance.smallest_use[link])
        for supplier, wanted, amount in instance.required_rows:
            self._row(lp, dict.fromkeys(self._columns(supplier, wanted), Fraction(-1)), -amount)

    def _share(self, lp: Relaxation, link: tuple[str, str], least: Fraction | None, most: Fraction | None) -> None:
        own = set(self._columns(*link))
        every = self._columns(None, link[1])
        if least is not None:
            self._row(lp, {j: least - (j in own) for j in every}, Fraction(0))
        if most is not None:
            self._row(lp, {j: (j in own) - most for j in every}, Fraction(0))

    def _fixed_costs(self, node: Node) -> float:
        instance = self.instance
        links = self._used_links(node, True)
        total = sum((instance.fixed_cost[s] for s in {s for s, _ in links}), Fraction(0))
        total += sum((instance.links[link].fixed_cost for link in links), Fraction(0))
        total += sum((instance.links[c[:2]].order_cost for c, way in node.used.items() if way), Fraction(0))
        if instance.current is not None:
            total += Fraction(str(instance.current.price)) * len(links - instance.awarded)
        return float(total)


def _above(ladder: Ladder, tier: int) -> Fraction:
    """Return what the units below the break cost more than at the factor reached."""
    total = Fraction(0)
    for (start, factor), (end, _) in zip(ladder.breaks[:tier], ladder.breaks[1 : tier + 1], strict=True):
        total += (end - start) * (factor - ladder.breaks[tier][1])
    return total


def largest_order(instance: Sourcing, part: str) -> Fraction:
    """Return an order of `part` far above what any plan could want, whatever the judge or a model thinks.

    All demands, breaks, requirements, minima and packs of the instance together; with shares or
    averages to keep, which can ask for many times that, two thousand times as much.
    """
    amounts = [sum(row, Fraction(0)) for row in instance.demand.values()]
    amounts += [start for ladder in instance.ladders for start, _ in ladder.breaks]
    amounts += [amount for _, _, amount in instance.required_rows]
    for link in instance.links.values():
        amounts += [link.minimum, link.multiple or Fraction(0)]
    shares = instance.shares.part if instance.shares else ()
    ratios = {*shares, *(row[0] for row in instance.part_limit_rows if row[3:] != (None, None))}
    return (sum(amounts, Fraction(0)) + 1) * (2000 if part in ratios else 1)
