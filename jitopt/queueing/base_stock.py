"""One stage with kanban cards: a base-stock loop. Exact for exponential times, or for any lead time (Palm).

A card that is free is an order to make one container. K cards and backordered demand make a
base-stock policy with base stock K; where demand that finds nothing is lost, a queue of K places.
"""

from __future__ import annotations

from math import exp, floor, isclose, lgamma, log
from typing import NamedTuple

from jitopt.queueing.labels import Kind, positive, require, whole

__all__ = ["Loop", "Optimum", "best_cards", "lost_sales", "make_to_stock", "palm", "palm_cards"]


class Loop(NamedTuple):
    """Long-run figures of a loop.

    fill_rate: share of orders served at once. backorders, stock: mean number of containers owed, on
    hand. kind: what the figures are.
    """

    fill_rate: float
    backorders: float
    stock: float
    kind: Kind = "exact"


class Optimum(NamedTuple):
    """The number of cards of least cost.

    cost: of stock and backorders per unit of time, in the unit of the rates of cost given.
    """

    cards: int
    cost: float
    fill_rate: float
    kind: Kind = "exact"


def make_to_stock(utilisation: float, cards: int) -> Loop:
    """Return the figures of an M/M/1 make-to-stock loop with backorders.

    utilisation: demand rate over service rate, above 0 and below 1. cards: in the loop, at least 0.
    Exact (Buzacott and Shanthikumar 1993).

    Raises
    ------
    InputError
        For a utilisation outside (0, 1) or a number of cards below 0.
    """
    _stable(utilisation)
    whole(cards, "cards")
    rest = utilisation**cards
    owed = rest * utilisation / (1 - utilisation)
    return Loop(1 - rest, owed, cards - utilisation * (1 - rest) / (1 - utilisation))


def best_cards(utilisation: float, holding: float, backorder: float) -> Optimum:
    """Return the cards that cost least in an M/M/1 make-to-stock loop: the critical ratio.

    holding: cost of a container on hand per unit of time, above 0. backorder: of one owed. Exact: the
    least K with P(shortfall <= K) >= backorder / (holding + backorder).

    Raises
    ------
    InputError
        For a utilisation outside (0, 1) or a cost that is not above 0.
    """
    _stable(utilisation)
    positive(holding, "the holding cost")
    positive(backorder, "the backorder cost")
    raw = log(holding / (holding + backorder)) / log(utilisation)
    # Where the ratio is met exactly, both numbers cost the same, and logarithms may fall short of it.
    cards = round(raw) if isclose(raw, round(raw), rel_tol=1e-12) else floor(raw)
    found = make_to_stock(utilisation, cards)
    return Optimum(cards, holding * found.stock + backorder * found.backorders, found.fill_rate)


def lost_sales(utilisation: float, cards: int) -> Loop:
    """Return the figures of an M/M/1 loop in which demand that finds no container is lost.

    utilisation: demand rate over service rate, above 0 (also 1 and more). Exact (M/M/1/K).

    Raises
    ------
    InputError
        For a utilisation that is not above 0 or a number of cards below 0.
    """
    positive(utilisation, "the utilisation")
    whole(cards, "cards")
    # Weights of 0..K containers in process, the largest 1, so that nothing overflows.
    top = cards if utilisation > 1 else 0
    weights = [utilisation ** (n - top) for n in range(cards + 1)]
    total = sum(weights)
    stock = sum((cards - n) * weight for n, weight in enumerate(weights)) / total
    return Loop(1 - weights[-1] / total, 0.0, stock)


def palm(load: float, cards: int) -> Loop:
    """Return the figures of a loop whose containers each take a lead time of their own, Poisson demand.

    load: demand rate x mean lead time, in containers, at least 0. Exact for every distribution of the
    lead time as long as lead times are independent of each other (Palm's theorem).

    Raises
    ------
    InputError
        For a negative load or number of cards.
    """
    require(load >= 0 and load < 1e9, "the load must be at least 0", load)
    whole(cards, "cards")
    weights = [_poisson(load, n) for n in range(cards + 1)]
    below = sum(weights[:cards])
    stock = sum((cards - n) * weight for n, weight in enumerate(weights))
    return Loop(min(below, 1.0), max(0.0, stock - cards + load), stock)


def palm_cards(load: float, fill_rate: float) -> int:
    """Return the fewest cards whose fill rate by `palm` reaches `fill_rate` (below 1).

    Raises
    ------
    InputError
        For a negative load or a fill rate outside [0, 1).
    """
    require(0 <= fill_rate < 1, "the fill rate must be at least 0 and below 1", fill_rate)
    require(load >= 0 and load < 1e9, "the load must be at least 0", load)
    cards, below = 0, 0.0
    while below < fill_rate:
        below += _poisson(load, cards)
        cards += 1
        if cards > load and _poisson(load, cards) < 1e-18:
            break  # what is left is below rounding
    return cards


def _poisson(load: float, count: int) -> float:
    if load == 0:
        return 1.0 if count == 0 else 0.0
    return exp(count * log(load) - load - lgamma(count + 1))


def _stable(utilisation: float) -> None:
    require(0 < utilisation < 1, "the utilisation must lie between 0 and 1", utilisation)
