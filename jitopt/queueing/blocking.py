"""Saturated lines of exponential stations with finite buffers, blocking after service: the exact Markov chain.

The first station never waits for material, the last never for room. A state says for each place
between two stations how many parts have left the server before it (finished, perhaps still on it) and
are not finished at the one behind: 0 starves the station behind, buffer + 2 blocks the one before
(buffer + 1 where the station behind is itself blocked, its part being finished).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.queueing.labels import positive, require, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["LARGEST", "Chain", "state_count", "throughput", "two_stations"]

LARGEST = 100_000
"""States of the largest chain that `throughput` solves."""

DIRECT = 600
"""States up to which the chain is solved by factorisation; beyond, by iteration with an incomplete one."""

ACCURACY = 1e-11
"""Relative residual at which iteration ends."""

FACTORS = ((5e-2, 2), (1e-3, 10))
"""Drop tolerance and fill of the incomplete factorisations, tried in turn."""


def state_count(buffers: Sequence[int]) -> int:
    """Return the number of states of a line with these buffers."""
    free, blocked = 1, 0  # ways in which the station before is free, or blocked, from the end of the line
    for slots in reversed(buffers):
        # With the station behind free: 0..b+1 free, b+2 blocked; with it blocked: 0..b free, b+1 blocked.
        free, blocked = (slots + 2) * free + (slots + 1) * blocked, free + blocked
    return free + blocked


def throughput(rates: Sequence[float], buffers: Sequence[int]) -> float:
    """Return the exact throughput of a saturated exponential line, blocking after service.

    rates: of service, one for each station. buffers: places between the stations, one fewer, not
    counting the stations' own.

    Raises
    ------
    InputError
        For rates that are not above 0, buffers below 0, a wrong number of them, or more than LARGEST states.
    """
    require(len(rates) >= 1, "a line needs a station", len(rates))
    require(len(buffers) == len(rates) - 1, "a line has one buffer fewer than stations", len(buffers))
    for rate in rates:
        positive(rate, "a rate")
    for slots in buffers:
        whole(slots, "a buffer")
    if len(rates) == 1:
        return float(rates[0])
    if len(rates) == 2:
        return two_stations(rates[0], rates[1], buffers[0])
    count = state_count(buffers)
    require(count <= LARGEST, f"an exact chain may have {LARGEST} states; simulate this line", count)
    return Chain(tuple(buffers)).throughput(rates)


def two_stations(first: float, second: float, buffer: int) -> float:
    """Return the exact throughput of two stations, in closed form.

    Raises
    ------
    InputError
        For rates that are not above 0 or a buffer below 0.
    """
    positive(first, "a rate")
    positive(second, "a rate")
    whole(buffer, "a buffer")
    # The share of time in which the second station starves is that of an M/M/1 queue of b + 2 places at 0.
    slow, fast = sorted((first, second))
    ratio = slow / fast
    total = sum(ratio**n for n in range(buffer + 3))
    return slow * (1 - ratio ** (buffer + 2) / total) if ratio < 1 else first * (buffer + 2) / (buffer + 3)


class Chain:
    """The chain of a line with given buffers: its states and moves, for any rates."""

    states: Any

    def __init__(self, buffers: tuple[int, ...]) -> None:
        self.buffers = buffers
        self.states = _states(buffers)
        self._code = _codes(buffers)
        self._moves = self._find()

    def _find(self) -> list[tuple[Any, Any]]:
        """Return for each station the states in which it works and those that its completions lead to."""
        states, places = self.states, len(self.buffers)
        keys = states @ self._code
        blocked = _blocked(states, self.buffers)
        found = []
        for station in range(places + 1):
            works = ~blocked[:, station]
            if station > 0:
                works &= states[:, station - 1] > 0
            origin = np.flatnonzero(works)
            change = (self._code[station] if station < places else 0) - (self._code[station - 1] if station else 0)
            found.append((origin, np.searchsorted(keys, keys[origin] + change)))
        return found

    def throughput(self, rates: Sequence[float]) -> float:
        """Return the flow past the last station in the stationary state."""
        share = self.stationary(rates)
        return float(rates[-1] * share[self._moves[-1][0]].sum())

    def stationary(self, rates: Sequence[float]) -> NDArray[np.float64]:
        """Return the shares of time in the states."""
        from scipy.sparse import coo_array

        size = len(self.states)
        origins = np.concatenate([origin for origin, _ in self._moves])
        targets = np.concatenate([target for _, target in self._moves])
        speed = np.concatenate(
            [np.full(len(origin), float(rate)) for (origin, _), rate in zip(self._moves, rates, strict=True)]
        )
        out = np.bincount(origins, speed, size)
        rows = np.concatenate([targets, np.arange(size)])
        columns = np.concatenate([origins, np.arange(size)])
        flow = coo_array((np.concatenate([speed, -out]), (rows, columns)), shape=(size, size)).tocsc()
        # One balance row follows from the others; the share of state 0 is fixed and all are scaled afterwards.
        rest, right = flow[1:, 1:].tocsc(), -flow[1:, [0]].toarray().ravel()
        # Chains of three stations lie in a plane, where factors stay thin.
        direct = size <= DIRECT or len(self.buffers) <= 2
        others = _factorise(rest, right) if direct else _iterate(rest, right)
        share = np.concatenate([[1.0], others])
        return share / share.sum()


def _iterate(rest: Any, right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve by GMRES; where a rough factorisation does not carry it, with a finer one, at last with a full one."""
    from scipy.sparse.linalg import LinearOperator, gmres, spilu

    for drop, fill in FACTORS:
        # States stand by rising key, so that most moves go to near neighbours: the natural order fills little.
        factor = spilu(rest, drop_tol=drop, fill_factor=fill, permc_spec="NATURAL")
        before = LinearOperator(rest.shape, factor.solve)
        found, failed = gmres(rest, right, M=before, rtol=ACCURACY, restart=100, maxiter=3)
        if failed == 0 and found.min() > -ACCURACY:
            return found
    return _factorise(rest, right)


def _factorise(rest: Any, right: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.sparse.linalg import splu

    return splu(rest, permc_spec="COLAMD").solve(right)


def _codes(buffers: tuple[int, ...]) -> NDArray[np.int64]:
    """Return what one part more between two stations adds to the key of a state."""
    sizes = np.array([slots + 3 for slots in buffers], dtype=np.int64)
    return np.concatenate([np.cumprod(sizes[:0:-1])[::-1], [1]]).astype(np.int64)


def _states(buffers: tuple[int, ...]) -> NDArray[np.int64]:
    """Return the states that can occur, a row each, by rising key."""
    found = np.zeros((1, 0), dtype=np.int64)
    blocked = np.zeros(1, dtype=bool)
    for slots in reversed(buffers):
        most = slots + 2 - blocked
        counts = most + 1
        rows = np.repeat(np.arange(len(found)), counts)
        level = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        found = np.column_stack([level, found[rows]])
        blocked = level == most[rows]
    order = np.argsort(found @ _codes(buffers))
    return found[order]


def _blocked(states: NDArray[np.int64], buffers: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return for every state and station whether the station is blocked."""
    found = np.zeros((len(states), len(buffers) + 1), dtype=bool)
    for place in range(len(buffers) - 1, -1, -1):
        found[:, place] = states[:, place] == buffers[place] + 2 - found[:, place + 1]
    return found
