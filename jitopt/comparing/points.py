"""The profiles in figures: their values at some abscissas, for those who cannot or will not read a curve."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jitopt.comparing.study import VariantComparison

__all__ = ["profile_points", "value_at"]

AT: dict[str, tuple[tuple[str, float], ...]] = {
    "performance": (("fastest", 1.0), ("within 2 x", 2.0), ("within 10 x", 10.0), ("solved", float("inf"))),
    "accuracy": (("at the best", 1e-6), ("within 0.1 %", 1e-3), ("within 1 %", 1e-2), ("within 10 %", 0.1)),
}


def value_at(x: Sequence[float], y: Sequence[float], place: float) -> float:
    """Return the value of a step function that is 0 before its first point."""
    i = bisect_right(x, place * (1 + 1e-12))
    return y[i - 1] if i else 0.0


def profile_points(study: VariantComparison) -> Iterator[dict[str, Any]]:
    """Return a table per kind of profile: heads, and a row for each group and variant."""
    for kind in ("performance", "data", "accuracy"):
        heads: tuple[str, ...] = ()
        rows = []
        for group in study.groups:
            for profile in study.profiles(group):
                if profile.kind != kind:
                    continue
                limit = group.time_limit or profile.x[-1]
                at = AT.get(kind) or tuple((f"{limit * part:g} s", limit * part) for part in (0.01, 0.1, 0.5, 1.0))
                # Data profiles of different time limits have different abscissas.
                words = [word for word, _ in at]
                heads = heads or tuple(words)
                if kind == "data" and tuple(words) != heads:
                    heads = ("1 % of the limit", "10 %", "50 %", "the limit")
                for curve in profile.curves:
                    cells = [f"{100 * value_at(profile.x, curve.y, place):.1f} %" for _, place in at]
                    rows.append([group.label, curve.variant, str(profile.instances), *cells])
        if rows:
            yield {"kind": kind, "heads": ["group", "variant", "instances", *heads], "rows": rows}
