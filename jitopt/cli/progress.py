"""Progress of a solve on standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from jitopt.cli.output import err, fit, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.engine.result import Progress

__all__ = ["Ticker", "tell_making"]

MAKING = "making machine code for this simulation, once in an installation: some 15 s, up to a minute on a busy machine"


def tell_making() -> None:
    """Say on standard error when a simulation of this command waits for its machine code."""
    from jitopt import jit

    jit.on_making(lambda: err(MAKING))


class Ticker:
    """Shows each improvement: over one line on a terminal, else a line each."""

    def __init__(self, wanted: bool | None) -> None:
        self._stream = sys.stderr
        self._terminal = self._stream is not None and self._stream.isatty()
        self._on = self._stream is not None and (self._terminal if wanted is None else wanted)
        self._open = False

    @property
    def callback(self) -> Callable[[Progress], None] | None:
        """What to hand to the solve; None when nothing is shown."""
        return self._show if self._on else None

    def _show(self, moment: Progress) -> None:
        told = f"{moment.seconds:8.1f} s  objective {number(moment.objective)}  bound {number(moment.bound)}"
        if moment.message:
            told += f"  {moment.message}"
        if self._terminal:
            self._stream.write("\r\x1b[K" + fit(told, 100))
            self._open = True
        else:
            self._stream.write(fit(told, 200) + "\n")
        self._stream.flush()

    def close(self) -> None:
        """End the line that is shown over and over."""
        if self._open:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._open = False
