"""jitopt: just-in-time optimisation.

Kanban sizing, delivery, level scheduling and sourcing by mathematical optimisation, with every
plan re-checked in exact arithmetic by code that shares nothing with the models, and every answer
told with its bound. Importing jitopt loads no solver; what is used is loaded when it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jitopt.api import audit as audit
    from jitopt.api import changes as changes
    from jitopt.api import check as check
    from jitopt.api import explain as explain
    from jitopt.api import export as export
    from jitopt.api import formulation as formulation
    from jitopt.api import limit_values as limit_values
    from jitopt.api import read_result as read_result
    from jitopt.api import resize as resize
    from jitopt.api import shut_down as shut_down
    from jitopt.api import simulate as simulate
    from jitopt.api import solve as solve
    from jitopt.api import why_not as why_not
    from jitopt.batching import BatchProgress as BatchProgress
    from jitopt.batching import Store as Store
    from jitopt.batching import batch as batch
    from jitopt.collection import Library as Library
    from jitopt.collection import library as library
    from jitopt.comparing import VariantComparison as VariantComparison
    from jitopt.comparing import compare as compare
    from jitopt.engine.explain import Explanation as Explanation
    from jitopt.engine.limit_values import LimitValue as LimitValue
    from jitopt.engine.result import Progress as Progress
    from jitopt.engine.result import Result as Result
    from jitopt.engine.result import StartReceipt as StartReceipt
    from jitopt.engine.why_not import Comparison as Comparison
    from jitopt.errors import InputError as InputError
    from jitopt.errors import JitoptError as JitoptError
    from jitopt.errors import NotApplicableError as NotApplicableError
    from jitopt.errors import SolverUnavailableError as SolverUnavailableError
    from jitopt.errors import UnknownMethodError as UnknownMethodError
    from jitopt.formats import from_tables as from_tables
    from jitopt.formats import read as read
    from jitopt.formats import write as write
    from jitopt.generators import generate as generate
    from jitopt.improving import Improvement as Improvement
    from jitopt.improving import Improvements as Improvements
    from jitopt.improving import Lever as Lever
    from jitopt.improving import ReleaseComparison as ReleaseComparison
    from jitopt.improving import compare_releases as compare_releases
    from jitopt.improving import improvements as improvements
    from jitopt.levelling import EconomicLots as EconomicLots
    from jitopt.levelling import VolumePlan as VolumePlan
    from jitopt.levelling import Wheel as Wheel
    from jitopt.levelling import economic_lots as economic_lots
    from jitopt.levelling import level_volume as level_volume
    from jitopt.levelling import product_wheel as product_wheel
    from jitopt.planning import Plant as Plant
    from jitopt.planning import audit_formulas as audit_formulas
    from jitopt.planning import generate_plant as generate_plant
    from jitopt.planning import plan as plan
    from jitopt.planning import read_plant as read_plant
    from jitopt.planning import write_plant as write_plant
    from jitopt.planning.chain import PlantPlan as PlantPlan
    from jitopt.problems.base import Evaluation as Evaluation
    from jitopt.problems.base import Instance as Instance
    from jitopt.problems.base import Plan as Plan
    from jitopt.problems.base import Violation as Violation
    from jitopt.problems.delivery import Delivery as Delivery
    from jitopt.problems.delivery import DeliveryPlan as DeliveryPlan
    from jitopt.problems.epei import epei as epei
    from jitopt.problems.heijunka import Heijunka as Heijunka
    from jitopt.problems.heijunka import HeijunkaPlan as HeijunkaPlan
    from jitopt.problems.heijunka.score import Score as Score
    from jitopt.problems.heijunka.slot_changes import SlotChanges as SlotChanges
    from jitopt.problems.heijunka.supplier_usage import SupplierUsage as SupplierUsage
    from jitopt.problems.kanban import Kanban as Kanban
    from jitopt.problems.kanban import KanbanPlan as KanbanPlan
    from jitopt.problems.kanban.changes import Changes as Changes
    from jitopt.problems.kanban.formulas.auditor import FormulaAudit as FormulaAudit
    from jitopt.problems.kanban.lots import LotSizing as LotSizing
    from jitopt.problems.kanban.lots import lot_sizing as lot_sizing
    from jitopt.problems.sourcing import Sourcing as Sourcing
    from jitopt.problems.sourcing import SourcingPlan as SourcingPlan
    from jitopt.problems.takt import pitch as pitch
    from jitopt.problems.takt import takt as takt
    from jitopt.registry import method as method
    from jitopt.registry import methods as methods
    from jitopt.registry import register as register
    from jitopt.running import Releveling as Releveling
    from jitopt.running import figure as figure
    from jitopt.running import relevel as relevel
    from jitopt.running import score as score
    from jitopt.running import supplier_usage as supplier_usage
    from jitopt.simulation.confirmation import Confirmation as Confirmation
    from jitopt.simulation.confirmation import confirm as confirm
    from jitopt.simulation.result import Simulation as Simulation
    from jitopt.simulation.stream import ValueStream as ValueStream

__version__ = "0.1.0"

_HOMES = {
    "jitopt.api": (
        "audit", "changes", "check", "explain", "export", "formulation", "limit_values", "read_result", "resize",
        "shut_down", "simulate", "solve", "why_not",
    ),
    "jitopt.collection": ("Library", "library"),
    "jitopt.comparing": ("VariantComparison", "compare"),
    "jitopt.batching": ("BatchProgress", "Store", "batch"),
    "jitopt.engine.explain": ("Explanation",),
    "jitopt.engine.limit_values": ("LimitValue",),
    "jitopt.engine.result": ("Progress", "Result", "StartReceipt"),
    "jitopt.engine.why_not": ("Comparison",),
    "jitopt.errors": (
        "InputError", "JitoptError", "NotApplicableError", "SolverUnavailableError", "UnknownMethodError",
    ),
    "jitopt.formats": ("from_tables", "read", "write"),
    "jitopt.generators": ("generate",),
    "jitopt.improving": (
        "Improvement", "Improvements", "Lever", "ReleaseComparison", "compare_releases", "improvements",
    ),
    "jitopt.levelling": (
        "EconomicLots", "VolumePlan", "Wheel", "economic_lots", "level_volume", "product_wheel",
    ),
    "jitopt.planning": ("Plant", "audit_formulas", "generate_plant", "plan", "read_plant", "write_plant"),
    "jitopt.planning.chain": ("PlantPlan",),
    "jitopt.problems.base": ("Evaluation", "Instance", "Plan", "Violation"),
    "jitopt.problems.delivery": ("Delivery", "DeliveryPlan"),
    "jitopt.problems.heijunka": ("Heijunka", "HeijunkaPlan"),
    "jitopt.problems.heijunka.score": ("Score",),
    "jitopt.problems.heijunka.slot_changes": ("SlotChanges",),
    "jitopt.problems.heijunka.supplier_usage": ("SupplierUsage",),
    "jitopt.running": ("Releveling", "figure", "relevel", "score", "supplier_usage"),
    "jitopt.problems.kanban": ("Kanban", "KanbanPlan"),
    "jitopt.problems.kanban.changes": ("Changes",),
    "jitopt.problems.epei": ("epei",),
    "jitopt.problems.takt": ("pitch", "takt"),
    "jitopt.problems.kanban.formulas.auditor": ("FormulaAudit",),
    "jitopt.problems.kanban.lots": ("LotSizing", "lot_sizing"),
    "jitopt.problems.sourcing": ("Sourcing", "SourcingPlan"),
    "jitopt.registry": ("method", "methods", "register"),
    "jitopt.simulation.confirmation": ("Confirmation", "confirm"),
    "jitopt.simulation.result": ("Simulation",),
    "jitopt.simulation.stream": ("ValueStream",),
}  # fmt: skip
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "BatchProgress", "Changes", "Comparison", "Confirmation", "Delivery", "DeliveryPlan", "EconomicLots", "Evaluation",
    "Explanation", "FormulaAudit", "Heijunka", "HeijunkaPlan", "Improvement", "Improvements", "InputError", "Instance",
    "JitoptError", "Kanban", "KanbanPlan", "Lever", "Library", "LimitValue", "LotSizing", "NotApplicableError", "Plan",
    "Plant", "PlantPlan", "Progress", "ReleaseComparison", "Releveling", "Result", "Score", "Simulation",
    "SlotChanges", "SolverUnavailableError", "Sourcing", "SourcingPlan", "StartReceipt", "Store", "SupplierUsage",
    "UnknownMethodError", "ValueStream", "VariantComparison", "Violation", "VolumePlan", "Wheel", "audit",
    "audit_formulas", "batch", "changes", "check", "compare", "compare_releases", "confirm", "economic_lots", "epei",
    "explain", "export", "figure", "formulation", "from_tables", "generate", "generate_plant", "improvements",
    "level_volume", "library", "limit_values", "lot_sizing", "method", "methods", "pitch", "plan", "product_wheel",
    "read", "read_plant", "read_result", "register", "relevel", "resize", "score", "shut_down", "simulate", "solve",
    "supplier_usage", "takt", "why_not", "write", "write_plant",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Load a public name from its home at its first use."""
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'jitopt' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted([*__all__, "__version__"])
