"""What every field of a kanban file means, and in which unit."""

from __future__ import annotations

__all__ = ["KANBAN", "KANBAN_PLAN"]

LINE: dict[str, dict[str, tuple[str, str]]] = {
    "Line": {
        "station": ('Names of the stations, in the order of the flow; left out: "1", "2", ....', ""),
        "rate": ("Mean rate of each station; or time.", "parts per unit of time"),
        "time": ("Mean time of a part at each station; or rate.", "units of time"),
        "distribution": ("Distribution of that time; left out: exponential.", ""),
        "cv": (
            "Coefficient of variation of that time; null or left out: 1; not read for exponential and deterministic.",
            "standard deviations per mean",
        ),
        "mtbf": ("Mean working time between two breakdowns of a station; null or left out: none.", "units of time"),
        "mttr": ("Mean time of a repair.", "units of time"),
        "blocking": (
            'What holds stations up: "after_service" (full buffers; default), "kanban" (cards of each stage), '
            '"conwip" (cards of the line), "base_stock" (stock of each stage).',
            "",
        ),
        "total_buffer": ("Most places in all buffers together; only with after_service.", "places"),
        "total_cards": ("Most cards in all; not with after_service.", "cards"),
        "cost": (
            "Cost of a place or card: of each buffer along the flow, of each stage, or of the line; left out: 1.",
            "money per place or card",
        ),
        "minimum": ("Fewest places or cards; left out: no place, one card.", "places or cards"),
        "maximum": ("Most places or cards; left out: no limit.", "places or cards"),
        "demand": ("Orders for finished parts; left out: the line always has work.", ""),
        "target": ('What is to be reached at least cost; only with the objective "cost".', ""),
        "sample": ("The random sample on which plans are judged; what is left out follows from the line.", ""),
    },
    "Demand": {
        "rate": ("Mean rate of the orders, of one part each.", "orders per unit of time"),
        "distribution": ("Distribution of the time between two orders.", ""),
        "cv": ("Its coefficient of variation.", "standard deviations per mean"),
    },
    "Target": {
        "fill_rate": ("Share of the orders that find a finished part; or throughput.", "share"),
        "throughput": ("Rate of a line that always has work; or fill_rate.", "parts per unit of time"),
    },
    "Sample": {
        "seed": ("Seed of the random numbers; left out: that of the plan.", ""),
        "replications": ("Independent runs.", "runs"),
        "parts": ("Parts counted in each run; with demand, orders.", "parts"),
        "warm_up": ("Orders of each run before them, which are not counted; only with demand.", "orders"),
    },
}

KANBAN: dict[str, dict[str, tuple[str, str]]] = {
    "Kanban": {
        "options": ("What may be chosen, one row of each loop; instead of loops and containers.", ""),
        "loops": ("The loops of cards.", ""),
        "containers": ("The menu of containers of each loop.", ""),
        "uses": ("What an option, or a card of a loop, takes of the limits.", ""),
        "limits": ("What the loops share: rack positions, floor, a card budget, working capital.", ""),
        "current": ("The cards in force today, with the price or cap of changing them.", ""),
        "line": ("A line of stations with buffers or cards between them; instead of options or loops.", ""),
        "objective": (
            'What is asked: "cost" (default), or of loops "service" (expected shortage), as small as can be; '
            'or of a line "throughput", as large as can be.',
            "",
        ),
    },
    "Options": {
        "loop": ("Id of the loop.", ""),
        "container": ("Its container.", ""),
        "cards": ("Its cards (N).", "cards"),
        "cost": ("Cost of the option.", "money per day"),
    },
    "Loops": {
        "loop": ("Id of the loop.", ""),
        "part": ("The part that goes round; told to the reader.", ""),
        "process": ("The process that supplies it; told to the reader.", ""),
        "consumer": ("The point that uses it; told to the reader.", ""),
        "demand": ("Demand (D).", "units per day"),
        "demand_sd": (
            "Standard deviation of the demand of a day; null or left out: 0.",
            "units per square root of a day",
        ),
        "lead_time": ("From a card's release to its full container (L).", "days"),
        "lead_time_sd": ("Standard deviation of the lead time; null or left out: 0.", "days"),
        "interval": ("Fixed time between two withdrawals or deliveries (R); null or left out: 0.", "days"),
        "yield": ("Good share of what is supplied (y); null or left out: 1.", "share"),
        "safety": ("Share of the demand during lead time and interval (alpha); null or left out: 0.", "share"),
        "service": ("Probability that the need is covered, at least 0.5; null: not asked.", "probability"),
        "holding_cost": ("Cost of stock on hand (h); null or left out: 0.", "money per unit and day"),
        "shortage_cost": (
            "Cost of expected shortage (s); alone it takes the place of the rule cards_needed; null: not priced.",
            "money per unit short and day",
        ),
        "signal": ('"first_piece" (default), or "empty": the card leaves with the last piece, one card more.', ""),
        "minimum": ("Least cards; null or left out: 1.", "cards"),
        "maximum": ("Most cards; null: no limit.", "cards"),
    },
    "Containers": {
        "loop": ("Id of the loop.", ""),
        "container": ("Id of the container.", ""),
        "quantity": ("Units in a full container (Q).", "units"),
        "card_cost": ("Cost of a card in the loop (c); null or left out: 0.", "money per card and day"),
        "handling_cost": ("Cost of moving a container (e); null or left out: 0.", "money per container"),
    },
    "Limits": {
        "limit": ("Id of the limit.", ""),
        "capacity": ("Most that may be taken.", "unit of the limit"),
    },
    "Uses": {
        "option": ("Row of the options, from 0, which takes the amount as a whole; only with options.", ""),
        "loop": ("Loop whose every card takes the amount; only with loops.", ""),
        "container": ("Container of the cards; null: any. Rows that fit the same card add up.", ""),
        "limit": ("Id of the limit.", ""),
        "amount": ("What is taken.", "unit of the limit"),
    },
    "Current": {
        "loops": ("The cards in force; a loop that is not listed has none yet.", ""),
        "price": (
            "Price of a card put in or taken out; another container changes all cards of both.",
            "money per card",
        ),
        "at_most": ("Most cards put in or taken out; null: no cap.", "cards"),
    },
    "CurrentLoops": {
        "loop": ("Id of the loop.", ""),
        "container": ("The container in use, also one that is no longer on the menu.", ""),
        "cards": ("Its cards.", "cards"),
    },
    **LINE,
}

KANBAN_PLAN: dict[str, dict[str, tuple[str, str]]] = {
    "KanbanPlan": {
        "loops": ("The cards of every loop; not of a line.", ""),
        "buffers": ("Of a line, the places of each buffer along the flow.", "places"),
        "cards": ("Of a line, the cards of each stage along the flow, or of the line.", "cards"),
        "sample": ("Of a line, the sample that the plan was judged on.", ""),
    },
    "PlanSample": {"seed": ("Seed of its random numbers, where the instance names none.", "")},
    "LoopCards": {
        "loop": ("Id of the loop.", ""),
        "container": ("Id of the container.", ""),
        "cards": ("Cards in the loop.", "cards"),
    },
}
