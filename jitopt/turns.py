"""Processes that need the same machine code: one makes it, the others wait and load it.

Workers that were let go while they compile go on with it, to be warm for the next call; the next
call may come to another worker before they are done. Without turns each of them would make the same
code, all the slower for the company. A lock on a file goes with its process, however that ends.
"""

from __future__ import annotations

import time
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["take_turns"]

PATIENCE = 120.0
"""Most seconds to wait for another process: it may have been suspended, and then this one compiles, too."""

PAUSE = 0.02
"""Seconds between two tries to get the lock."""


class _Turn:
    """The lock of this process; kernels compiled on behalf of another share its turn, so nobody waits who holds one."""

    def __init__(self) -> None:
        self.depth: int = 0
        self._file: IO[bytes] | None = None

    def begin(self, path: Path) -> bool:
        """Wait until no other process compiles under this name; tell whether one did."""
        self.depth += 1
        if self.depth > 1:
            return False
        import fcntl

        waited, until = False, time.monotonic() + PATIENCE
        try:
            path.parent.mkdir(exist_ok=True)
            self._file = path.open("ab")
            while time.monotonic() < until:
                try:
                    fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    waited = True
                    time.sleep(PAUSE)
                else:
                    break
        except OSError:
            pass  # A file system without locks: everybody compiles for himself.
        return waited

    def back_to(self, depth: int) -> None:
        """End the turns that began since."""
        self.depth = depth
        if not depth and self._file is not None:
            self._file.close()
            self._file = None


_TURN = _Turn()
"""Guarded by numba's own lock of the compiler."""


def take_turns(dispatcher: Any, path: Path) -> None:
    """Let a cached numba function compile only while no other process does so under the same path.

    Parameters
    ----------
    dispatcher
        What `numba.njit` made, with a cache.
    path
        The file to lock; it is made, and stays empty.
    """
    from numba.core.compiler_lock import global_compiler_lock

    cache, compile_here = dispatcher._cache, dispatcher.compile
    load_kept = cache.load_overload

    def load(signature: Any, target: Any) -> Any:
        found = load_kept(signature, target)
        if found is None and _TURN.begin(path):
            found = load_kept(signature, target)
        return found

    def compile_in_turn(signature: Any) -> Any:
        with global_compiler_lock:
            before = _TURN.depth
            try:
                return compile_here(signature)
            finally:
                _TURN.back_to(before)

    cache.load_overload, dispatcher.compile = load, compile_in_turn
