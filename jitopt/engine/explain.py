"""Why there is no plan, what the cheapest repair is, and what a choice not taken would cost.

The rules that clash are found without any help of a solver: an elastic model prices every broken
rule; the rules it breaks are made hard one after the other until none of the plans is left
(Chinneck & Dravnieks 1991, elastic filter); of these a deletion filter keeps only those whose
removal would make a plan possible (ibid., deletion filter). All models are integer, so a clash
that only integrality causes is found like any other.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from decimal import ROUND_UP, Decimal
from typing import TYPE_CHECKING, Any, Generic, Literal

from jitopt.engine import solve as solving
from jitopt.engine.elastic import solve_elastic
from jitopt.engine.ways import ways_out
from jitopt.problems.base import Instance, PlanT, Rule
from jitopt.problems.figures import filled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jitopt.engine.result import Progress, Proof, Result
    from jitopt.registry import RuleKey

__all__ = ["Explanation", "explain", "outward"]

CLASH_SHARE = 0.85
"""Part of the time after which the search for a clash ends where ways out are still to be told."""


@dataclass(frozen=True)
class Explanation(Generic[PlanT]):
    """Why an instance has no plan.

    status: "feasible" (it has one), "infeasible" (two exact methods agree), or "unknown" (time ran
    out, or only one says so). reasons: the cheapest repair found, one entry per rule to relax:
    {rule, members, short_by, remedy, cost, cost_unit, text}. clash: rules that together admit no plan;
    minimal when `clash_minimal`: dropping any one of them admits a plan. repair_cost: sum of the
    costs; by default in per cent of the limits. repair_proven: no cheaper repair exists. ways: what helps if
    only rules of one kind give way, in their own unit: {way, status: "possible" or "impossible" (one exact
    method says so), total: "3 cards" or None, proven: no less will do, reasons as above}; empty where the
    problem names none. plan: possible after the repair. proof: what stands behind "infeasible".
    """

    status: Literal["feasible", "infeasible", "unknown"]
    reasons: tuple[dict[str, Any], ...] = ()
    clash: tuple[dict[str, Any], ...] = ()
    clash_minimal: bool = False
    repair_cost: float | None = None
    repair_proven: bool = False
    ways: tuple[dict[str, Any], ...] = ()
    plan: PlanT | None = None
    proof: Proof = "none"
    seconds: float = 0.0
    warnings: tuple[str, ...] = field(default_factory=tuple)

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as plain data."""
        return {
            "status": self.status,
            "reasons": [dict(reason) for reason in self.reasons],
            "clash": [dict(rule) for rule in self.clash],
            "clash_minimal": self.clash_minimal,
            "repair_cost": self.repair_cost,
            "repair_proven": self.repair_proven,
            "ways": [dict(way) for way in self.ways],
            "plan": self.plan.to_dict() if self.plan is not None else None,
            "proof": self.proof,
            "seconds": round(self.seconds, 6),
            "warnings": list(self.warnings),
        }


def explain(
    instance: Instance[PlanT],
    *,
    time_limit: float = 60.0,
    prices: Mapping[str | RuleKey, float] | None = None,
    progress: Callable[[Progress], None] | None = None,
    threads: int = 1,
) -> Explanation[PlanT]:
    """Explain why there is no plan; see `jitopt.explain`."""
    began = time.monotonic()
    rules = {(rule.name, rule.members): rule for rule in instance.rules()}
    costs = {key: _price(rule, prices or {}) for key, rule in rules.items()}
    units = {key: _unit(rule, prices or {}) for key, rule in rules.items()}
    if not rules:
        # Nothing can be relaxed, so there is no elastic model to ask.
        whole = solving.solve(instance, solving.Request(time_limit=time_limit, threads=threads), began)
        status: Literal["feasible", "unknown"] = "feasible" if whole.plan is not None else "unknown"
        cost = 0.0 if whole.plan is not None else None
        return Explanation(
            status, plan=whole.plan, repair_cost=cost, repair_proven=cost is not None, seconds=time.monotonic() - began
        )
    repair = solve_elastic(instance, costs, time_limit=max(0.05, 0.6 * time_limit), threads=threads)
    if repair.plan is None:
        return Explanation("unknown", seconds=time.monotonic() - began, warnings=repair.warnings)
    if repair.objective == 0:
        return Explanation(
            "feasible", plan=repair.plan, repair_cost=0.0, repair_proven=True, seconds=time.monotonic() - began
        )
    reasons = _reasons(instance, repair, rules, costs, units)
    share = CLASH_SHARE if instance.ways() else 1.0
    search = _ClashSearch(instance, rules, costs, began + share * time_limit, threads)
    clash, minimal, solvers = search.run([(reason["rule"], tuple(reason["members"])) for reason in reasons])
    if len(solvers) < 2:
        # A repair too small for the solvers' tolerances: ask without a price on any rule.
        left = began + time_limit - time.monotonic()
        whole = solving.solve(instance, solving.Request(time_limit=max(0.05, left), threads=threads), time.monotonic())
        if whole.plan is not None:
            seconds = time.monotonic() - began
            return Explanation("feasible", plan=whole.plan, repair_cost=0.0, repair_proven=True, seconds=seconds)
        solvers |= set(whole.claims_infeasible)
    ways = ways_out(
        instance,
        rules,
        lambda key: (costs[key], units[key]),
        lambda key: key in (prices or {}) or key[0] in (prices or {}),
        lambda answer, each, told: _reasons(instance, answer, rules, each, told),
        began + time_limit,
        threads,
    )
    proof: Proof = "cross_checked" if len(solvers) > 1 else "single" if solvers else "none"
    return Explanation(
        status="infeasible" if len(solvers) > 1 else "unknown",
        reasons=reasons,
        clash=tuple(_describe(rules[key]) for key in clash),
        clash_minimal=minimal,
        repair_cost=repair.objective,
        repair_proven=repair.status == "optimal",
        ways=ways,
        plan=repair.plan,
        proof=proof,
        seconds=time.monotonic() - began,
        warnings=repair.warnings,
    )


def _price(rule: Rule, prices: Mapping[Any, float]) -> float:
    """Return the price per unit short: as given for the rule or its name, else one per cent of its limit."""
    given = prices.get((rule.name, rule.members), prices.get(rule.name))
    if given is not None:
        return float(given)
    weight = 10.0 if rule.name == "demand" else 1.0
    return weight * 100.0 / max(abs(rule.limit or 0.0), 0.01 if rule.limit and rule.limit < 1 else 1.0)


def _unit(rule: Rule, prices: Mapping[Any, float]) -> str:
    """Return what the cost of relaxing a rule is counted in: as it is priced, or its share of the limit."""
    if (rule.name, rule.members) in prices or rule.name in prices:
        return "as priced"
    return "% of the limit, tenfold" if rule.name == "demand" else "% of the limit" if rule.limit else "% of 1"


def _reasons(
    instance: Instance[Any],
    repair: Result[Any],
    rules: Mapping[RuleKey, Rule],
    costs: Mapping[RuleKey, float],
    units: Mapping[RuleKey, str],
) -> tuple[dict[str, Any], ...]:
    """Turn the broken rules of the cheapest repair into what to relax, by how much, at what cost."""
    assert repair.plan is not None
    found = []
    for violation in instance.evaluate(repair.plan).violations:
        key = (violation.rule, violation.members)
        amount = outward(violation.short_by)
        found.append(
            {
                "rule": violation.rule,
                "members": list(violation.members),
                "short_by": violation.short_by,
                "remedy": filled(rules[key].remedy, amount) or f"relax the rule by {amount}",
                "cost": costs[key] * violation.short_by,
                "cost_unit": units[key],
                "text": violation.message,
            }
        )
    return tuple(sorted(found, key=lambda reason: (-float(str(reason["cost"])), str(reason["rule"]))))


def outward(amount: float) -> str:
    """Write an amount with six digits, rounded up: a limit moved by what is read must be moved enough."""
    exact_amount = Decimal(repr(amount))
    places = Decimal(1).scaleb(max(exact_amount.adjusted() - 5, -12))
    rounded = exact_amount.quantize(places, rounding=ROUND_UP) if places < 1 else exact_amount.to_integral(ROUND_UP)
    return f"{rounded.normalize():f}"


def _describe(rule: Rule) -> dict[str, Any]:
    return {"rule": rule.name, "members": list(rule.members), "text": rule.text}


class _ClashSearch:
    """Elastic filter, then deletion filter, under a deadline."""

    def __init__(
        self,
        instance: Instance[Any],
        rules: Mapping[RuleKey, Rule],
        costs: Mapping[RuleKey, float],
        deadline: float,
        threads: int,
    ) -> None:
        self._instance, self._rules, self._costs = instance, rules, costs
        self._deadline, self._threads = deadline, threads

    def run(self, broken: list[RuleKey]) -> tuple[list[RuleKey], bool, set[str]]:
        """Return the clash, whether it is minimal, and the solvers that confirm it."""
        enforced = list(dict.fromkeys(broken))
        while True:
            answer = self._ask(enforced, price=True)
            if answer is None:
                return enforced, False, set()
            if answer.plan is None:
                break
            found = [(v.rule, v.members) for v in self._instance.evaluate(answer.plan).violations]
            fresh = [key for key in found if key not in enforced]
            if not fresh:
                return enforced, False, set()
            enforced += fresh
        kept, minimal = self._delete(enforced)
        return kept, minimal, self._confirm(kept)

    def _delete(self, enforced: list[RuleKey]) -> tuple[list[RuleKey], bool]:
        """Drop each rule whose absence leaves the others clashing."""
        kept = list(enforced)
        for key in enforced:
            if len(kept) == 1:
                break
            answer = self._ask([other for other in kept if other != key], price=False)
            if answer is None:
                return kept, False
            if answer.plan is None:
                kept.remove(key)
        return kept, True

    def _confirm(self, kept: list[RuleKey]) -> set[str]:
        """Let every exact method say whether the clash is one."""
        from jitopt import registry

        said = set()
        for method in registry.methods(self._instance.problem):
            if method.exact and method.module.startswith("jitopt."):
                answer = self._ask(kept, price=False, method=method.name)
                if answer is not None and answer.plan is None:
                    said.add(method.solver)
        return said

    def _ask(self, enforced: list[RuleKey], *, price: bool, method: str | None = None) -> Result[Any] | None:
        """Ask for a plan that keeps `enforced`; None when no answer came in time.

        With `price` the other rules cost what they cost (so few are broken), else nothing.
        """
        left = self._deadline - time.monotonic()
        if left < 0.1:
            return None
        loose = {key: self._costs[key] if price else 0.0 for key in self._rules if key not in set(enforced)}
        if not loose:
            loose = {("", ()): 0.0}
        answer = solve_elastic(self._instance, loose, method=method, time_limit=left, threads=self._threads)
        return answer if answer.plan is not None or answer.status == "infeasible" else None
