"""What every field of a delivery file means, and in which unit."""

from __future__ import annotations

__all__ = ["FIELDS", "TABLES"]

FIELDS: dict[str, tuple[str, str]] = {
    "policy": ("menu: a frequency for each supplier; strict_cyclic: a base period and multiples; default menu.", ""),
    "major_cost": ("Cost of every joint replenishment (S), strict cyclic form.", "money"),
    "suppliers": ("The suppliers (menu form).", ""),
    "clusters": ("Milk runs: their suppliers share frequency and truck.", ""),
    "parts": ("The parts.", ""),
    "frequencies": ("The menu of frequencies.", ""),
    "allowed": ("Frequencies a supplier may have; a supplier without a row may have every one.", ""),
    "trucks": ("What one delivery may carry.", ""),
    "docks": ("Deliveries that the docks take.", ""),
    "storage": ("Where containers stand.", ""),
    "limits": ("Whatever else the suppliers share, such as cards or capital.", ""),
    "uses": ("What the suppliers take of the limits.", ""),
    "current": ("The frequencies in force today, with the price or cap of changing them.", ""),
}
"""The fields of the instance beyond those that every instance has."""

TABLES: dict[str, dict[str, tuple[str, str]]] = {
    "Suppliers": {
        "supplier": ("Id of the supplier.", ""),
        "delivery_cost": ("Cost of a delivery (c_s); in a cluster the cluster's cost is paid instead.", "money"),
        "lead_time": ("From the collection of a card to the arrival of its containers (L_s); default 0.", "days"),
        "cluster": ("Milk run that serves the supplier; null: a truck of its own.", ""),
        "truck": ("Truck of a delivery; null: no limit; in a cluster the cluster's truck counts instead.", ""),
        "dock": ("Dock where it is unloaded; null: no limit.", ""),
    },
    "Clusters": {
        "cluster": ("Id of the milk run.", ""),
        "delivery_cost": ("Cost of a run.", "money"),
        "truck": ("Truck of the run; null: no limit.", ""),
    },
    "Parts": {
        "part": ("Id of the part.", ""),
        "supplier": ("Supplier that delivers it (menu form).", ""),
        "demand": ("Demand (D).", "units per day"),
        "pack": ("Units in a container (Q, menu form).", "units"),
        "holding_cost": ("Holding cost (h).", "money per unit and day"),
        "minor_cost": ("Cost of a replenishment of the part (s_i), strict cyclic form.", "money"),
        "every": ("Multiple of the base period where it is prescribed; null: free.", "base periods"),
        "line_cost": ("Cost of a delivery of the part (l); default 0.", "money"),
        "weight": ("Weight; default 0.", "kg per unit"),
        "cube": ("Cube; default 0.", "m3 per unit"),
        "demand_sd": ("Standard deviation of the demand (sigma); default 0.", "units per square root of a day"),
        "service": ("Probability that stock lasts until the next containers; null: no statistical safety stock.", ""),
        "safety": ("Demand held as safety stock (s); default 0.", "days"),
        "storage": ("Where its containers stand; null: no limit.", ""),
        "card_cost": ("Cost of a card; default 0.", "money per day"),
    },
    "Frequencies": {
        "frequency": ("Id of the frequency, such as 1-4.", ""),
        "days": ("Length of the cycle (A).", "days"),
        "deliveries": ("Deliveries in a cycle (B).", "deliveries"),
    },
    "Allowed": {
        "supplier": ("Id of the supplier.", ""),
        "frequency": ("A frequency it may have.", ""),
    },
    "Trucks": {
        "truck": ("Id of the truck.", ""),
        "weight": ("Most it carries; null: no limit.", "kg"),
        "cube": ("Most it holds; null: no limit.", "m3"),
    },
    "Docks": {
        "dock": ("Id of the dock.", ""),
        "slots": ("Most deliveries, on average; a milk run counts once.", "deliveries per day"),
    },
    "Storage": {
        "storage": ("Id of the place.", ""),
        "capacity": ("Containers that fit.", "positions"),
    },
    "Limits": {
        "limit": ("Id of the limit.", ""),
        "capacity": ("Most that may be taken.", "unit of the limit"),
        "taken": ("What others take of it in any case; default 0.", "unit of the limit"),
    },
    "Uses": {
        "supplier": ("Supplier that takes the amount.", ""),
        "frequency": ("Frequency at which it does; null: any. Rows that fit the same choice add up.", ""),
        "limit": ("Id of the limit.", ""),
        "amount": ("What is taken.", "unit of the limit"),
    },
    "Chosen": {
        "supplier": ("Id of the supplier.", ""),
        "frequency": ("Its frequency.", ""),
    },
    "Current": {
        "deliveries": ("The frequency of each supplier in force; one without is new and counts as no change.", ""),
        "price": ("Price of a supplier that gets another frequency.", "money per day"),
        "at_most": ("Most such suppliers; null: no limit.", "suppliers"),
    },
}
"""By class and field."""
