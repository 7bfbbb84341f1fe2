"""Takt and pitch: the beat of the customer, and the beat in which a line hands over full containers.

    takt = available minutes / units asked for in them        pitch = takt x units in a container

Available are the minutes of the shifts without their breaks, not those that a machine happens to run: takt is what the
customer wants, whatever the line can do. One function each, for plants, the heijunka box and product wheels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitopt.errors import InputError
from jitopt.problems.epei import figure

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = ["pitch", "takt"]


def takt(available: float | Fraction, demand: float | Fraction) -> Fraction:
    """Return the minutes between two units that the customer takes.

    available: minutes of the line in a time (a day, a shift). demand: units of all its products in the same time.

    Raises
    ------
    InputError
        For minutes or a demand that are not above 0.

    Source: Monden, Toyota Production System; Rother and Shook, Learning to See.

    Examples
    --------
    >>> takt(450, 300)
    Fraction(3, 2)
    """
    return figure("available", available, above=True) / figure("demand", demand, above=True)


def pitch(beat: float | Fraction, pack: int) -> Fraction:
    """Return the minutes in which one container is filled at takt: the width of a column of the heijunka box.

    beat: the takt [minutes per unit]. pack: units in a container.

    Raises
    ------
    InputError
        For a takt that is not above 0, or a container that does not hold a whole number of units from 1.

    Source: Rother and Shook, Learning to See; Smalley, Creating Level Pull.

    Examples
    --------
    >>> pitch(takt(450, 300), 20)
    Fraction(30, 1)
    """
    held = figure("pack", pack, above=True)
    if held.denominator != 1:
        raise InputError(
            "a container holds a whole number of units", place="pack", value=pack, remedy="write the units of a pack"
        )
    return figure("takt", beat, above=True) * held
