"""Two kanban stages in series with backordered Poisson demand: the exact Markov chain, without truncation.

State: stock before stage 2 less free cards of stage 2, and finished goods less containers owed. While
containers are owed the chain repeats itself level by level, so that its tail is geometric in matrices
(Neuts 1981; logarithmic reduction of Latouche and Ramaswami 1993).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jitopt.queueing.labels import Kind, positive, require, whole

__all__ = ["TwoStages", "two_stage_kanban"]

Matrix = NDArray[np.float64]


class TwoStages(NamedTuple):
    """Long-run figures of two kanban stages.

    fill_rate: share of orders served at once. backorders: mean containers owed. finished: mean finished
    goods. intermediate: mean stock between the stages. in_process: mean parts waiting for or in service.
    """

    fill_rate: float
    backorders: float
    finished: float
    intermediate: float
    in_process: float
    kind: Kind = "exact"


def two_stage_kanban(cards: tuple[int, int], demand: float, rates: tuple[float, float] = (1.0, 1.0)) -> TwoStages:
    """Return the figures of two exponential stages with their own cards, Poisson demand, backorders. Exact.

    cards: of stage 1 and stage 2, at least 1 each. demand: rate of orders of one container. rates: of
    service. A card of stage 1 is free when its part is released to stage 2.

    Raises
    ------
    InputError
        For cards below 1, rates that are not above 0, or demand that the stages cannot serve.
    """
    for count in cards:
        whole(count, "cards", 1)
    for rate in (demand, *rates):
        positive(rate, "a rate")
    chain = _Chain(cards, demand, rates)
    most = chain.capacity()
    require(demand < most * (1 - 1e-9), f"the demand must lie below the {most:g} that these cards can make", demand)
    return _figures(chain, _tail(chain.up, chain.local, chain.down))


class _Chain:
    """Blocks of the generator. Phases: stock between the stages less free cards of stage 2, -K2..K1."""

    def __init__(self, cards: tuple[int, int], demand: float, rates: tuple[float, float]) -> None:
        self.first, self.second = cards
        self.demand, self.rates = demand, rates
        self.phase = np.arange(-self.second, self.first + 1)
        size = len(self.phase)
        self.up = demand * np.eye(size)
        self.down = np.zeros((size, size))
        # A container owed leaves at once: its card goes to stage 1's stock, or waits free.
        serve = rates[1] * (self.waiting(0) > 0)
        self.down[np.arange(1, size), np.arange(size - 1)] = serve[1:]
        self.local = self.made()
        self.local[np.diag_indices(size)] -= (self.up + self.down + self.local).sum(axis=1)

    def waiting(self, finished: int) -> NDArray[np.int64]:
        """Return the parts in stage 2, by phase."""
        return self.second - finished - np.maximum(-self.phase, 0)

    def capacity(self) -> float:
        """Return what the stages make while orders always wait."""
        moves = (self.up + self.local + self.down).T.copy()
        moves[-1] = 1.0  # the shares of the phases, which sum to 1
        shares = np.linalg.solve(moves, np.append(np.zeros(len(moves) - 1), 1.0))
        return float(shares @ self.down.sum(axis=1))

    def made(self) -> Matrix:
        """Return the rates at which stage 1 completes parts."""
        found = np.zeros((len(self.phase),) * 2)
        found[np.arange(len(self.phase) - 1), np.arange(1, len(self.phase))] = self.rates[0]
        return found


def _tail(up: Matrix, local: Matrix, down: Matrix) -> Matrix:
    """Return R with pi(n + 1) = pi(n) R, by logarithmic reduction."""
    eye = np.eye(len(up))
    inverse = np.linalg.inv(-local)
    rise, fall = inverse @ up, inverse @ down
    first, product = fall.copy(), rise.copy()
    for _ in range(60):
        middle = np.linalg.inv(eye - rise @ fall - fall @ rise)
        rise, fall = middle @ rise @ rise, middle @ fall @ fall
        first += product @ fall
        product = product @ rise
        if product.max() < 1e-300 or np.abs(product @ np.ones(len(up))).max() < 1e-16:
            break
    return up @ np.linalg.inv(-local - up @ first)


def _figures(chain: _Chain, tail: Matrix) -> TwoStages:
    """Solve the levels without containers owed, with the tail folded in, and weigh what they hold."""
    size, levels = len(chain.phase), chain.second + 1
    generator = np.zeros((levels * size, levels * size))
    made = chain.made()
    for finished in range(levels):
        here = slice(finished * size, (finished + 1) * size)
        generator[here, here] += made
        serve = chain.rates[1] * (chain.waiting(finished) > 0)
        if finished + 1 < levels:
            above = slice((finished + 1) * size, (finished + 2) * size)
            generator[here, above] += np.diag(serve)
        if finished > 0:
            for place in range(1, size):  # a container leaves, its card comes back
                generator[finished * size + place, (finished - 1) * size + place - 1] += chain.demand
    out = generator.sum(axis=1)
    out[:size] += chain.demand
    generator[np.diag_indices(len(generator))] -= out
    generator[:size, :size] += tail @ chain.down
    # Phases that cannot occur with that much finished are left out: free cards <= K2 - finished.
    possible = np.concatenate([chain.waiting(finished) >= 0 for finished in range(levels)])
    folded = generator[np.ix_(possible, possible)]
    inner = np.linalg.inv(np.eye(size) - tail)
    weight = np.zeros(levels * size)
    weight[:size] = inner.sum(axis=1)
    weight[size:] = 1.0
    rows = np.vstack([folded.T[:-1], weight[possible]])
    found = np.zeros(levels * size)
    found[possible] = np.linalg.solve(rows, np.append(np.zeros(len(folded) - 1), 1.0))
    shares = found.reshape(levels, size)
    all_phases = shares.sum(axis=0) - shares[0] + shares[0] @ inner
    stocked = float(shares.sum(axis=1) @ np.arange(levels))
    between = float(all_phases @ np.maximum(chain.phase, 0))
    free = float(all_phases @ np.maximum(-chain.phase, 0))
    process = chain.first - between + chain.second - free - stocked
    owed = float((shares[0] @ tail @ inner @ inner).sum())
    return TwoStages(float(shares[1:].sum()), owed, stocked, between, process)
