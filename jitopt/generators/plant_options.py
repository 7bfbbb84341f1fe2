"""The options of the plant generator: name, default, help. No heavier import, for command lines."""

from __future__ import annotations

from typing import Any

__all__ = ["PLANT_OPTIONS", "SIZES"]

SIZES: dict[str, dict[str, int]] = {
    "small": {"parts": 10, "suppliers": 4, "products": 3, "lines": 1, "days": 5},
    "medium": {"parts": 100, "suppliers": 15, "products": 10, "lines": 3, "days": 20},
    "large": {"parts": 1000, "suppliers": 80, "products": 40, "lines": 8, "days": 20},
    "huge": {"parts": 5000, "suppliers": 300, "products": 120, "lines": 20, "days": 20},
}
"""Size classes."""

PLANT_OPTIONS: dict[str, tuple[Any, str]] = {
    "size": ("medium", "size class: small, medium, large or huge; the counts below change single figures of it"),
    "parts": (0, "number of parts (0: as the size class; other counts then follow it in proportion)"),
    "suppliers": (0, "number of suppliers (0: as the size class)"),
    "products": (0, "number of products, sub-assemblies among them (0: as the size class)"),
    "lines": (0, "number of lines (0: as the size class)"),
    "days": (0, "days of the horizon (0: as the size class)"),
    "density": (0.25, "share of the suppliers of a kind that quote a part, at least one"),
    "levels": (2, "levels of the bill: 1 products of parts, 2 with sub-assemblies"),
    "variation": (0.1, "coefficient of variation of a product's demand from day to day"),
    "late": (0.1, "share of the suppliers that are often late"),
    "load": (0.9, "work of the fullest line over its minutes, at most 1"),
    "room": (0.0, "positions of a rack beyond those the hidden plan needs, as a share"),
    "service": (0.2, "share of the parts whose loop has a service target"),
    "current": (False, "tell cards in force, near those the loops need, with a cost of changing them"),
    "clusters": (True, "let some suppliers be collected on a milk run"),
}
"""For each option: default and one line of help."""
