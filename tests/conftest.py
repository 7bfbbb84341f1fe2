"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil
import pytest

import jitopt
from jitopt import registry

for folder in ("fakes", "measures"):
    sys.path.insert(0, str(Path(__file__).parent / folder))


@pytest.fixture(scope="session", autouse=True)
def no_orphans():
    """End the warm workers after the last test, and show that nothing is left behind."""
    yield
    jitopt.shut_down()
    left = [process for process in psutil.Process().children(recursive=True) if "jitopt" in " ".join(process.cmdline())]
    assert left == []


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of public benchmark data, named by JITOPT_DATA."""
    folder = os.environ.get("JITOPT_DATA")
    if not folder:
        pytest.skip("JITOPT_DATA is not set")
    return Path(folder)


@pytest.fixture
def small() -> jitopt.Heijunka:
    """Three products, ten units: the textbook vector (2, 3, 5), optimum 29/10."""
    return jitopt.Heijunka.parse(
        {
            "problem": "heijunka",
            "version": 1,
            "name": "small",
            "products": {"product": ["A", "B", "C"], "demand": [2, 3, 5]},
            "objective": [{"term": "rate", "measure": "sum_squared"}],
        }
    )


@pytest.fixture
def two_goods() -> jitopt.Sourcing:
    """Two goods, two suppliers, one with an all-units break on its total: optimum 170."""
    return jitopt.Sourcing.parse(
        {
            "problem": "sourcing",
            "version": 1,
            "name": "two goods",
            "suppliers": {"supplier": ["S1", "S2"]},
            "parts": {"part": ["A", "B"], "period": [1, 1], "demand": [10, 10]},
            "quotes": {"supplier": ["S1", "S1", "S2", "S2"], "part": ["A", "B", "A", "B"], "price": [10, 12, 9, 9]},
            "discounts": {"supplier": ["S1"], "from_quantity": [10], "factor": [0.8]},
        }
    )


@pytest.fixture(scope="module", autouse=True)
def forgotten():
    """Forget the methods that a module of tests registers: later ones run "all heuristics", and fakes hang."""
    before = dict(registry._REGISTERED)
    yield
    registry._REGISTERED.clear()
    registry._REGISTERED.update(before)
    registry._listing.cache_clear()
