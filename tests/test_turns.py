"""Machine code that several processes need at once is made by one of them."""

from __future__ import annotations

import fcntl
import subprocess
import sys

from jitopt import turns

KERNEL = """
from jitopt.jit import kernel

@kernel
def double(number):
    return 2 * number

@kernel
def fourfold(number):
    return double(double(number))
"""

CALLER = """
import sys
from jitopt import jit
sys.path.insert(0, sys.argv[1])
kernels = jit.compiled("kernel_of_two")
print("ready", flush=True)
sys.stdin.readline()
assert kernels.fourfold(3) == 12
stats = kernels.fourfold.stats
print(sum(stats.cache_misses.values()), sum(stats.cache_hits.values()))
"""


def test_two_processes_make_it_once(tmp_path, monkeypatch):
    monkeypatch.setenv("JITOPT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NUMBA_DISABLE_JIT", raising=False)
    (tmp_path / "kernel_of_two.py").write_text(KERNEL, encoding="utf-8")
    command = [sys.executable, "-c", CALLER, str(tmp_path)]
    callers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for caller in callers:
        assert caller.stdout is not None and caller.stdout.readline() == "ready\n"
    for caller in callers:
        assert caller.stdin is not None
        caller.stdin.write("\n")
        caller.stdin.flush()
    assert sorted(caller.communicate()[0].split() for caller in callers) == [["0", "1"], ["1", "0"]]


def test_who_is_suspended_in_its_turn_stops_nobody(tmp_path, monkeypatch):
    monkeypatch.setattr(turns, "PATIENCE", 0.05)
    turn = turns._Turn()
    with (tmp_path / "some.turn").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert turn.begin(tmp_path / "some.turn"), "it waited, and came back"
        assert not turn.begin(tmp_path / "some.turn"), "what is compiled on its behalf does not wait"
        turn.back_to(0)
    assert not turn.begin(tmp_path / "some.turn"), "nobody holds it now"
    turn.back_to(0)


def test_without_locks_everybody_compiles(tmp_path):
    (tmp_path / "file").touch()
    turn = turns._Turn()
    assert not turn.begin(tmp_path / "file" / "some.turn")
    turn.back_to(0)
