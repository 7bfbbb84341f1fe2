"""What every field of the native files means, and in which unit: the words of the schemas."""

from __future__ import annotations

from jitopt.formats import delivery_words
from jitopt.formats.descriptions_kanban import KANBAN, KANBAN_PLAN

__all__ = ["DESCRIPTIONS", "Meaning"]

Meaning = tuple[str, str]
"""What a field means, and its unit ("" where it has none)."""

INSTANCE: dict[str, Meaning] = {
    "problem": ("The decision the file asks for.", ""),
    "version": ("Version of the native format.", ""),
    "name": ("Name of the instance; decides nothing.", ""),
    "source": ("Where the data come from; decides nothing.", ""),
    "known": ("What is known of the optimum; never read by a solve.", ""),
}

KNOWN: dict[str, Meaning] = {
    "optimum": ("Optimal value of the objective.", "objective"),
    "lower": ("Proven lower bound on the objective.", "objective"),
    "upper": ("Value of a plan that is known.", "objective"),
    "reference": ("Where the values come from.", ""),
    "plan": ("A plan that reaches the optimum or the upper value.", ""),
}

HEIJUNKA: dict[str, dict[str, Meaning]] = {
    "Heijunka": {
        **INSTANCE,
        "products": ("The products to build.", ""),
        "bill": ("Bill of material: parts in one unit of a product.", ""),
        "parts": ("Weights of the parts' usage deviations; default 1.", ""),
        "ratios": ("Ratio rules: at most so many units with an option in so many consecutive slots.", ""),
        "options": ("Which products carry the option that a ratio rule counts.", ""),
        "changeovers": ("Cost of neighbours in the sequence; without the table every change costs 1.", ""),
        "objective": ("The priced terms; their weighted values add up to the objective.", ""),
        "box": ("The heijunka box; given when the plan is in buckets instead of a sequence.", ""),
        "current": ("The plan in force today, with the price or cap of changing it.", ""),
        "frozen": ("Number of leading slots that stay as in the current plan.", "slots"),
        "fixed": ("Slots that must build a product.", ""),
        "previous": (
            "Products built right before slot 1, in order; seen by open ratio rules, changeovers and colour changes. "
            "With a box: those in the bucket before bucket 1, seen by changeovers and minutes.",
            "",
        ),
        "longest_colour_run": ("Most consecutive slots in one colour; null: no limit.", "slots"),
        "takt": ("Time between two launches (c); decides nothing without stations.", "minutes"),
        "stations": ("The stations of the line, whose overload and idle time can be priced.", ""),
        "work": ("Work on one unit of a product at a station; what is not listed is 0.", ""),
        "demands": ("What is due by the end of each day of the box.", ""),
    },
    "Stations": {
        "station": ("Id of the station (k).", ""),
        "length": ("How long a unit is within the station (l_k).", "minutes"),
        "weight": ("Weight of the station's overload and idle time (w_k); default 1.", ""),
    },
    "Work": {
        "product": ("Id of the product.", ""),
        "station": ("Id of the station.", ""),
        "minutes": ("Work on one unit (p_ik).", "minutes"),
    },
    "Products": {
        "product": ("Id of the product.", ""),
        "demand": ("Units to build (d_i); left out beside the table demands, its sum.", "units"),
        "weight": ("Weight of the product's rate deviation, and of its gap in epei (w_i); default 1.", ""),
        "spacing": ("Least distance between two slots that build the product; null or 1 binds nothing.", "slots"),
        "longest_run": ("Most consecutive slots that build the product; null: no limit.", "slots"),
        "shortest_run": ("Least consecutive slots that build the product; null or 1 binds nothing.", "slots"),
        "colour": ("Id of the colour it is painted in; null: none, which counts as one more colour.", ""),
        "minutes": ("Working minutes of a unit (m_i), against the minutes of a bucket; default 0.", "minutes"),
        "setup": ("Minutes of a changeover to the product (a_i); default 0.", "minutes"),
        "pack": ("Pack-out multiple (k_i): a bucket holds whole packs; null or 1 binds nothing.", "units"),
        "stock": ("Opening stock (h_i), which covers demand by day; default 0.", "units"),
    },
    "Demands": {
        "product": ("Id of the product.", ""),
        "day": ("Day of the box by whose end the units are due, from 1.", ""),
        "quantity": ("Units due on that day.", "units"),
    },
    "Bill": {
        "product": ("Id of the product.", ""),
        "part": ("Id of the part.", ""),
        "quantity": ("Units of the part in one unit of the product (b_il).", "units per unit"),
    },
    "Parts": {
        "part": ("Id of a part of the bill.", ""),
        "weight": ("Weight of the part's usage deviation (v_l).", ""),
    },
    "Ratios": {
        "ratio": ("Id of the rule (o).", ""),
        "at_most": ("Most units with the option in a window (p_o).", "units"),
        "in_any": ("Length of the window (q_o); only full windows count, without wrap.", "slots"),
        "weight": ("Weight of a breach in the term ratio; default 1.", ""),
        "hard": ("The rule must be kept and is not priced; default false.", ""),
        "open": ("Windows begin in previous too, and are shorter behind the last slot; default false.", ""),
        "priority": ("Prices the rule in the term high_ratio (high) or low_ratio (low); null: in neither.", ""),
    },
    "Options": {
        "product": ("Id of the product.", ""),
        "ratio": ("Id of the ratio rule that counts it.", ""),
    },
    "Changeovers": {
        "before": ("Product built first.", ""),
        "after": ("Product built right after it.", ""),
        "cost": ("Cost of the pair; a pair that is not listed costs nothing.", "cost"),
    },
    "Objective": {
        "term": (
            "rate: cumulative production against its ideal; usage: cumulative usage of parts against its ideal; "
            "ratio: units above a soft ratio rule, per window; changeover: cost between neighbouring slots; "
            "high_ratio, low_ratio: as ratio, of the rules of that priority; colour_changes: neighbouring slots of "
            "different colours; overload: minutes of work that are not done within the station; idle: minutes that "
            "workers wait; volume: units of a bucket against the average; epei: longest stretch of buckets "
            "without a product.",
            "",
        ),
        "measure": (
            "How deviations are counted: sum or maximum of squares or absolute values, or sum_violated (weights "
            "of the violated windows of ratio rules, or of the overloaded units). Left out: sum_squared for rate, "
            "usage and volume, sum_absolute for the others.",
            "",
        ),
        "weight": ("Factor of the term in the objective.", "objective per unit of the term"),
    },
    "Box": {
        "buckets": ("Number of buckets (S).", "buckets"),
        "capacity": ("Most units in one bucket (c).", "units"),
        "pitch": ("Length of a bucket; decides nothing.", "minutes"),
        "days": ("Days of the box, into which the buckets are divided evenly (T); default 1.", "days"),
        "minutes": ("Working minutes in a bucket, for units and changeovers (A); null: no limit.", "minutes"),
    },
    "Current": {
        "sequence": ("The current sequence, for a plan that is a sequence.", ""),
        "buckets": ("The current buckets, for a plan in buckets.", ""),
        "price": ("Price of a unit in a slot where the current plan does not have it.", "cost per unit"),
        "at_most": ("Most such units; null: no limit.", "units"),
    },
    "Placed": {
        "bucket": ("Bucket, from 1.", ""),
        "product": ("Id of the product.", ""),
        "quantity": ("Units of the product in the bucket.", "units"),
    },
    "Fixed": {
        "position": ("Slot, from 1.", ""),
        "product": ("Product it must build.", ""),
    },
    "Known": KNOWN,
}

SOURCING: dict[str, dict[str, Meaning]] = {
    "Sourcing": {
        **INSTANCE,
        "suppliers": ("The suppliers.", ""),
        "parts": ("Demand of the parts, by period.", ""),
        "quotes": ("What a supplier offers for a part; only quoted links can be ordered.", ""),
        "discounts": ("Price breaks.", ""),
        "stock": ("Initial stock, holding cost and storage of the parts.", ""),
        "shares": ("Share limits (dual sourcing).", ""),
        "part_limits": ("Limits on suppliers, defects and lateness of a part.", ""),
        "suppliers_at_least": ("Least number of suppliers used; null: no limit.", "suppliers"),
        "suppliers_at_most": ("Most suppliers used; null: no limit.", "suppliers"),
        "defect_cost": ("Cost of an expected defective unit.", "cost per unit"),
        "late_cost": ("Cost of an expected late unit.", "cost per unit"),
        "current": ("The award in force today, with the price or cap of changing it.", ""),
        "required": ("Quantities that must be ordered, over all periods.", ""),
    },
    "Suppliers": {
        "supplier": ("Id of the supplier.", ""),
        "fixed_cost": ("Paid once if anything is ordered from it (F_s); default 0.", "cost"),
        "capacity": ("Most it ships in one period, over all parts (C_s); null: no limit.", "units per period"),
        "on_time": ("Share of its units that arrive on time; default 1.", "share"),
    },
    "Parts": {
        "part": ("Id of the part.", ""),
        "period": ("Period, from 1.", ""),
        "demand": ("Demand of the part in the period (d_pt).", "units"),
    },
    "Quotes": {
        "supplier": ("Id of the supplier.", ""),
        "part": ("Id of the part.", ""),
        "price": ("Price (c_sp).", "cost per unit"),
        "fixed_cost": ("Paid once if the link is used (f_sp); default 0.", "cost"),
        "order_cost": ("Paid in every period with an order (a_sp); default 0.", "cost per order"),
        "capacity": ("Most of the part in one period (k_sp); null: no limit.", "units per period"),
        "minimum": ("Least quantity of an order (m_sp); null or 0 binds nothing.", "units"),
        "maximum": ("Largest quantity of an order (M_sp); null: no limit.", "units"),
        "multiple": ("An order is a whole multiple of it; null: any quantity.", "units"),
        "defects": ("Share of defective units; default 0.", "share"),
    },
    "Discounts": {
        "supplier": ("Id of the supplier.", ""),
        "part": ("Part whose total counts and gets cheaper; null: the supplier's total over all parts.", ""),
        "from_quantity": ("Total over all periods from which the break holds.", "units"),
        "factor": ("Factor on the price.", ""),
        "kind": (
            "all_units: the factor of the total reached holds for every unit (default); incremental: each factor "
            "holds for the units above its break.",
            "",
        ),
    },
    "Stock": {
        "part": ("Id of the part.", ""),
        "initial": ("Initial stock (I_p0); default 0.", "units"),
        "holding_cost": ("Cost of a unit left at the end of a period (h_p); default 0.", "cost per unit and period"),
        "storage": ("Most that may lie in store right after a delivery (L_p); null: no limit.", "units"),
    },
    "PartShares": {
        "part": ("Id of the part.", ""),
        "supplier": ("Supplier that the row limits; null: every supplier of the part.", ""),
        "at_least": ("Least share of the part's orders; null: no limit.", "share"),
        "at_most": ("Largest share of the part's orders; null: no limit.", "share"),
    },
    "PartLimits": {
        "part": ("Id of the part.", ""),
        "suppliers_at_least": ("Least number of suppliers of the part; null: no limit.", "suppliers"),
        "suppliers_at_most": ("Most suppliers of the part; null: no limit.", "suppliers"),
        "defects_at_most": ("Largest average share of defective units; null: no limit.", "share"),
        "late_at_most": ("Largest average share of late units; null: no limit.", "share"),
    },
    "Current": {
        "award": ("The links in force.", ""),
        "price": ("Price of each link used that is not in force.", "cost per link"),
        "at_most": ("Most such links; null: no limit.", "links"),
    },
    "Links": {
        "supplier": ("Id of the supplier.", ""),
        "part": ("Id of the part.", ""),
    },
    "Required": {
        "supplier": ("Id of the supplier.", ""),
        "part": ("Id of the part; null: all parts together.", ""),
        "at_least": ("Least quantity over all periods.", "units"),
    },
    "Known": KNOWN,
}

RESULT: dict[str, dict[str, Meaning]] = {
    "ResultFile": {
        "format": ("Format and version of the file.", ""),
        "problem": ("The problem that was solved.", ""),
        "plan": ("The plan, in the ids of the instance; null if there is none.", ""),
        "instance": ("The instance that was solved.", ""),
        "method": ("The method that found the plan.", ""),
        "status": ("What is there: a proven optimum, a plan, a proof that there is none, or nothing.", ""),
        "stopped_by": ("What ended the solve.", ""),
        "objective": ("Value of the plan, recomputed by the judge; null without a plan.", "objective"),
        "bound": ("No plan has a lower objective; null when nothing is proven.", "objective"),
        "gap": ("|objective - bound| / max(|objective|, 1e-9); null when it cannot be computed.", "share"),
        "terms": ("The terms that add up to the objective.", "objective"),
        "proof": ("How strong the proof behind bound or infeasibility is.", ""),
        "start": ("Receipt of the plan handed in as a start: given, source, checked, accepted, objective.", ""),
        "trajectory": ("Seconds, objective and bound whenever one of them improved.", "seconds, objective, objective"),
        "reasons": ("When infeasible: rule, members, short_by, remedy and cost.", ""),
        "seconds": ("Wall-clock time by stage.", "seconds"),
        "seed": ("Seed of all random numbers.", ""),
        "threads": ("Threads that were used.", "threads"),
        "versions": ("Versions of jitopt and of what it used.", ""),
    },
    "InstanceId": {
        "name": ("Name of the instance.", ""),
        "sha256": ("Hash of what the instance asks, without name, source and known answers.", ""),
    },
    "HeijunkaPlan": {
        "sequence": ("Product ids in order of building.", ""),
        "buckets": ("Units of products in the buckets of the box.", ""),
    },
    "Bucket": {
        "bucket": ("Bucket, from 1.", ""),
        "product": ("Id of the product.", ""),
        "quantity": ("Units of the product in the bucket.", "units"),
    },
    "DeliveryPlan": {
        "deliveries": ("How often each supplier delivers, or each part is replenished.", ""),
        "base_period": ("Base period T of the strict cyclic form.", "days"),
    },
    "Rhythm": {
        "supplier": ("Id of the supplier.", ""),
        "frequency": ("Its frequency, from the menu.", ""),
        "part": ("Id of the part (strict cyclic form).", ""),
        "every": ("Base periods between two replenishments of the part (m_i).", "base periods"),
    },
    **KANBAN_PLAN,
    "SourcingPlan": {"orders": ("The orders; a quantity that is not listed is 0.", "")},
    "Order": {
        "supplier": ("Id of the supplier.", ""),
        "part": ("Id of the part.", ""),
        "period": ("Period in which the order arrives, from 1.", ""),
        "quantity": ("Quantity ordered.", "units"),
    },
}

DELIVERY: dict[str, dict[str, Meaning]] = {
    "Delivery": INSTANCE | delivery_words.FIELDS,
    **delivery_words.TABLES,
    "Known": KNOWN,
}

DESCRIPTIONS: dict[str, dict[str, dict[str, Meaning]]] = {
    "delivery": DELIVERY,
    "heijunka": HEIJUNKA,
    "kanban": {**KANBAN, "Kanban": {**INSTANCE, **KANBAN["Kanban"]}, "Known": KNOWN},
    "sourcing": SOURCING,
    "result": RESULT,
}
"""By schema, class and field."""
