"""Judging, reading, writing and generating."""

from __future__ import annotations

import io
from typing import Any

import pytest
from _made import SIZES, made

import jitopt
from jitopt.generators import generate

NAMED = [name for name in SIZES if name != "delivery-cyclic"]


@pytest.mark.parametrize("name", NAMED)
def test_judge(benchmark: Any, name: str) -> None:
    instance = made(name)
    plan = instance.plan_type.model_validate(instance.known.plan)
    assert benchmark.pedantic(jitopt.check, args=(instance, plan), rounds=5, warmup_rounds=1).feasible


@pytest.mark.parametrize("name", NAMED)
def test_read(benchmark: Any, name: str, tmp_path: Any) -> None:
    path = tmp_path / "instance.json"
    jitopt.write(made(name), path)
    data = path.read_bytes()
    found = benchmark.pedantic(jitopt.read, setup=lambda: ((io.BytesIO(data),), {}), rounds=5, warmup_rounds=1)
    assert found == made(name)


@pytest.mark.parametrize("name", NAMED)
def test_write(benchmark: Any, name: str, tmp_path: Any) -> None:
    benchmark.pedantic(jitopt.write, args=(made(name), tmp_path / "instance.json"), rounds=5, warmup_rounds=1)


@pytest.mark.parametrize("name", NAMED)
def test_generate(benchmark: Any, name: str) -> None:
    problem, options = SIZES[name]
    found = benchmark.pedantic(generate, args=(problem,), kwargs={"seed": 1, **options}, rounds=3)
    assert found == made(name)
