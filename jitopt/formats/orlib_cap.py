"""Capacitated facility location files of the OR-Library (cap41 to cap134)."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.formats.tokens import Token, content_lines, whole
from jitopt.problems.base import LARGEST

if TYPE_CHECKING:
    from jitopt.problems.base import Instance, Plan

__all__ = ["OrlibCap"]


class OrlibCap:
    """Capacitated facility location (OR-Library cap files) as sourcing in one period.

    The text, numbers in free layout: `m n` (sites, customers); for each site its capacity and
    fixed cost; then for each customer its demand followed by m costs, each of serving the WHOLE
    demand from that site. A customer may be served by several sites.

    Conventions of the published values: a site's fixed cost is paid once if anything is served
    from it; serving a share of a demand costs that share of the cost of the whole demand; no
    rounding.

    As sourcing: site = supplier "1" to "m", customer = part "1" to "n", both in the file's order;
    everything in period 1; the price is cost / demand, so that the price of the whole demand is
    the file's cost within the last digit of a float. A customer without demand is a part with
    demand 0 that nobody quotes: nothing is served and nothing is paid, whatever its costs. The
    plan is {"orders": [{"supplier": "1", "part": "7", "period": 1, "quantity": 146.0}]}.

    By sniffing, a file is taken for this format only if each customer's numbers have lines of
    their own: single-source files hold the same counts of numbers in another order.
    """

    name = "orlib-cap"
    problem: str | None = "sourcing"

    def sniff(self, text: str) -> bool:
        """Tell whether the lines are laid out as `m n`, m sites, and customers one after the other."""
        rows = content_lines(text)
        if len(rows) < 3 or len(rows[0]) != 2 or not whole(rows[0]):
            return False
        sites, customers = (int(token.text) for token in rows[0])
        if not (0 < sites < len(rows) and customers > 0):
            return False
        if 2 * sum(len(row) == 2 for row in rows[1 : 1 + sites]) < sites:
            return False
        lengths = [len(row) for row in rows[1 + sites :]]
        return _own_lines(lengths, sites, customers) or _mostly_alone(lengths, customers)

    def read(self, text: str, name: str) -> Instance[Plan]:
        """Return the instance; `name` is its name.

        Raises
        ------
        InputError
            With the line, the value, the rule and the remedy.
        """
        from jitopt.problems.sourcing import Sourcing

        tokens = [token for row in content_lines(text) for token in row]
        sites, customers = _head(tokens)
        _check_count(tokens, sites, customers)
        suppliers = [str(site) for site in range(1, sites + 1)]
        demand, quotes = _customers(tokens[2 + 2 * sites :], suppliers, customers)
        return Sourcing.parse(
            {
                "problem": "sourcing",
                "version": 1,
                "name": name,
                "source": "capacitated facility location, OR-Library",
                "suppliers": {
                    "supplier": suppliers,
                    "fixed_cost": [
                        token.number(f"the fixed cost of site {site}")
                        for site, token in enumerate(tokens[3 : 2 + 2 * sites : 2], 1)
                    ],
                    "capacity": [_capacity(token, site) for site, token in enumerate(tokens[2 : 2 + 2 * sites : 2], 1)],
                },
                "parts": {
                    "part": [str(customer) for customer in range(1, customers + 1)],
                    "period": [1] * customers,
                    "demand": demand,
                },
                "quotes": quotes,
            }
        )


def _own_lines(lengths: list[int], sites: int, customers: int) -> bool:
    """Tell whether each customer has lines of its own, the demand alone on the first or all on one.

    A single-source file (all demands, then m rows of n costs) never has the first form. It has
    the second when its lines break after every m + 1 numbers, for which m + 1 must divide n.
    """
    if all(length == sites + 1 for length in lengths) and len(lengths) == customers:
        return customers == 1 or customers % (sites + 1) != 0
    at = 0
    for _ in range(customers):
        first, count = at, 0
        while count < sites + 1 and at < len(lengths):
            count += lengths[at]
            at += 1
        alone = lengths[first:at][:1] == [1] and (customers == 1 or max(lengths[first:at]) > 1)
        if count != sites + 1 or not alone:
            return False
    return at == len(lengths)


def _mostly_alone(lengths: list[int], customers: int) -> bool:
    """Tell whether demands mostly stand alone on a line, as in a file of this format with a fault."""
    alone = sum(a == 1 and b > 1 for a, b in itertools.pairwise(lengths))
    return alone >= max(2, customers // 2)


def _head(tokens: list[Token]) -> tuple[int, int]:
    if len(tokens) < 2:
        raise InputError(
            "the file must start with two integers: sites and customers",
            place="line 1",
            value=" ".join(token.text for token in tokens),
            remedy="correct the file, or name the right format with --format",
        )
    return (
        tokens[0].integer("the number of sites", least=1),
        tokens[1].integer("the number of customers", least=1),
    )


def _check_count(tokens: list[Token], sites: int, customers: int) -> None:
    need = 2 + 2 * sites + customers * (1 + sites)
    if len(tokens) != need:
        place = tokens[need] if len(tokens) > need else tokens[-1]
        raise InputError(
            f"{sites} sites and {customers} customers need exactly {need} numbers",
            place=f"line {place.line}",
            value=len(tokens),
            remedy="add the missing numbers, remove the surplus ones, or correct the first line",
        )


def _capacity(token: Token, site: int) -> float:
    if token.text == "capacity":
        raise token.refuse(
            f"the capacity of site {site} must be a number; capa, capb and capc leave it open",
            'replace the word "capacity" by the capacity that is meant, e.g. 8000 for capa-1',
        )
    return token.number(f"the capacity of site {site}")


def _customers(tokens: list[Token], suppliers: list[str], customers: int) -> tuple[list[float], dict[str, list[Any]]]:
    """Return the demands, and the quotes of the customers that have a demand."""
    width = 1 + len(suppliers)
    demands: list[float] = []
    quotes: dict[str, list[Any]] = {"supplier": [], "part": [], "price": []}
    for customer in range(1, customers + 1):
        first, *costs = tokens[(customer - 1) * width : customer * width]
        demand = first.number(f"the demand of customer {customer}")
        demands.append(demand)
        for supplier, token in zip(suppliers, costs, strict=True):
            cost = token.number(f"the cost of serving customer {customer} from site {supplier}")
            if demand:
                if cost > demand * LARGEST:
                    raise token.refuse(
                        f"the cost of a unit of customer {customer} (cost / demand) must be at most {LARGEST:g}",
                        f"correct the cost, or the demand {first.text} in line {first.line}",
                    )
                quotes["supplier"].append(supplier)
                quotes["part"].append(str(customer))
                quotes["price"].append(cost / demand)
    return demands, quotes
