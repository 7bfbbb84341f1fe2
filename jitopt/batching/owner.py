"""Who holds a lease: a batch, known by host, boot, process and its birth, so that the dead are told from the living.

A lease does not run out by the clock on the same machine: a process that is gone has lost its
leases at once, one that is merely slow keeps them, and a clock that jumps changes nothing. Only of
a batch that cannot be seen from here (another machine or container) its heartbeat decides.
"""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

__all__ = ["Owner", "alive"]

SILENT = 120.0
"""Seconds without a heartbeat after which a batch that cannot be seen from here counts as gone."""

_active: set[tuple[int, str]] = set()
"""The batches of this process that still run; with its number, since a forked child copies the set."""


@dataclass(frozen=True)
class Owner:
    """A running batch. space: process numbers mean the same within it. born: when the process began."""

    id: str
    host: str
    boot: str
    space: str
    pid: int
    born: str

    @classmethod
    def begin(cls) -> Owner:
        """Return a new owner in this process."""
        pid = os.getpid()
        owner = cls(uuid.uuid4().hex, socket.gethostname(), _boot(), _space(), pid, _born(pid) or "")
        _active.add((pid, owner.id))
        return owner

    def end(self) -> None:
        """Note that the batch is over."""
        _active.discard((self.pid, self.id))


def alive(owner: Owner, silence: float) -> bool:
    """Tell whether a batch still runs. silence: seconds for which no heartbeat of it was seen."""
    if (os.getpid(), owner.id) in _active:
        return True
    if (owner.boot, owner.space) == (_boot(), _space()):
        return owner.pid != os.getpid() and _born(owner.pid) == owner.born
    if owner.host == socket.gethostname() and owner.boot != _boot():
        return False
    return silence < SILENT


@lru_cache(maxsize=1)
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        import psutil

        return f"{socket.gethostname()} {round(psutil.boot_time() / 60)}"


@lru_cache(maxsize=1)
def _space() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return socket.gethostname()


def _born(pid: int) -> str | None:
    """Return when a process began, in ticks since boot where the kernel says so; None if there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        fields = text.rpartition(")")[2].split()
        return None if fields[0] in "ZX" else fields[19]
    except OSError:
        if Path("/proc/self/stat").exists():
            return None
    import psutil

    try:
        return str(psutil.Process(pid).create_time())
    except psutil.Error:
        return None
