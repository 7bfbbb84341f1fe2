"""The options of the generators: name, default, help. No heavier import, for command lines."""

from __future__ import annotations

from typing import Any

__all__ = ["OPTIONS"]

OPTIONS: dict[str, dict[str, tuple[Any, str]]] = {
    "heijunka": {
        "products": (5, "number of products"),
        "units": (20, "total demand [units], at least one per product"),
        "mix": ("random", 'demand over the products: "even", "random", or "skewed" (few fast movers)'),
        "weights": (False, "random weights of products, parts and ratio rules instead of 1"),
        "parts": (0, "number of parts in the bill of material (0: no bill)"),
        "bill_density": (0.5, "share of the product and part pairs in the bill"),
        "ratios": (0, "number of ratio rules"),
        "option_share": (0.4, "share of the products that carry the option of a ratio rule"),
        "window": (5, "largest in_any of a ratio rule [slots], at least 2"),
        "hard": (1.0, "share of the ratio rules that are hard; the others are priced and one tighter"),
        "buckets": (0, "buckets of the heijunka box (0: the plan is a sequence)"),
        "headroom": (0, "units that fit into a bucket beyond the fullest bucket of the hidden plan"),
        "batch": (1, "units that the hidden plan builds in a row"),
        "spacing": (0.0, "share of the products with a least spacing"),
        "runs": (0.0, "share of the products with a longest and a shortest run"),
        "changeovers": (0.0, "share of the product pairs with a changeover cost (0: no table)"),
        "current": (False, "give a current plan: the hidden plan, partly shuffled"),
        "changes": (0.2, "share of the units of the current plan that are shuffled"),
        "moves": (False, "cap the moves against the current plan as tightly as the hidden plan allows"),
        "move_price": (0.0, "price of a move against the current plan"),
        "frozen": (0, "leading slots that stay as in the current plan (asks for current)"),
        "fixed": (0, "single slots whose product is fixed"),
        "objective": ("rate:sum_squared", 'priced terms, "term:measure:weight" separated by commas'),
        "known": (True, "tell the hidden plan and its value as `known`"),
    },
    "sourcing": {
        "suppliers": (5, "number of suppliers"),
        "parts": (8, "number of parts"),
        "periods": (1, "number of periods"),
        "demand": (100, "mean demand of a part in a period [units]"),
        "density": (0.6, "share of the supplier and part pairs that are quoted"),
        "sources": (2, "most suppliers of a part in the hidden plan"),
        "breaks": ("none", 'price breaks: "none", "all_units" or "incremental" per part, "supplier" on its total'),
        "tiers": (2, "price breaks of each ladder"),
        "fixed_cost": (0.0, "mean fixed cost of a supplier"),
        "link_cost": (0.0, "mean fixed cost of a supplier and part pair"),
        "order_cost": (0.0, "mean cost of an order"),
        "cover": (1, "most periods that an order of the hidden plan covers"),
        "capacity": (0.0, "load of the hidden plan over a supplier's capacity, 0 to 1 (0: no capacity)"),
        "quote_capacity": (0.0, "the same for the capacity of a quote"),
        "minimum": (0.0, "share of the quotes with a least order"),
        "multiple": (0.0, "share of the quotes with a pack multiple"),
        "initial": (0.0, "initial stock, as a share of the mean demand of a period"),
        "holding": (0.0, "holding cost per unit and period, as a share of the mean price"),
        "storage": (0.0, "peak of the hidden plan over the storage limit, 0 to 1 (0: no limit)"),
        "shares": (0.0, "share of the parts with share limits (dual sourcing)"),
        "part_limits": (0.0, "share of the parts with limits on suppliers and quality"),
        "supplier_cap": (False, "use at most as many suppliers as the hidden plan does"),
        "quality": (False, "defective and late shares, with their costs"),
        "award": (False, "give a current award: the links of the hidden plan, some of them replaced"),
        "switch_price": (0.0, "price of a link that is not in the current award"),
        "switch_cap": (False, "cap the new links as tightly as the hidden plan allows"),
        "required": (0, "number of suppliers with a required quantity"),
        "dominant": (False, "one supplier quotes every part cheapest, without strings: the optimum is known"),
        "known": (True, "tell the hidden plan and its value as `known`"),
    },
}
"""For each problem and option: default and one line of help."""
