"""`jitopt check` and `jitopt explain`."""

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jitopt.cli.failures import FAILED, INFEASIBLE, NO_PLAN, usage
from jitopt.cli.options import AsJson, File, Format, Row, ShowProgress, TimeLimit, read_instance
from jitopt.cli.output import columns, emit, number, out
from jitopt.cli.progress import Ticker

if TYPE_CHECKING:
    from jitopt.engine.audit import Audit

__all__ = ["check", "explain", "show_reasons"]


def check(
    file: File,
    result: Annotated[str, typer.Argument(metavar="RESULT", help="Result file or plan; - reads standard input.")],
    format: Format = None,
    row: Row = None,
    as_json: AsJson = False,
) -> None:
    """Check that the plan in RESULT keeps every rule of FILE, and that whatever RESULT states is true.

    RESULT is a result file, complete or not, or a bare plan. Exit code: 0 all is well, 1 not (each
    breach on a line), 2 bad usage or input, values of a wrong type among it.
    """
    from jitopt.engine.audit import examine
    from jitopt.formats.results import read_claims

    if file == result == "-":
        raise usage("only one of FILE and RESULT can come from standard input.")
    instance = read_instance(file, format, row)
    told = read_claims(result, instance)
    if file == "-" and instance.name == "stdin" and isinstance(told.get("instance"), dict):
        # A public format has no name of its own, and standard input lends it none.
        told["instance"] = told["instance"] | {"name": instance.name}
    found = examine(instance, told)
    if as_json:
        emit(_judged(found))
    else:
        out("\n".join([*(found.breaches or _praise(found)), *(f"note: {note}" for note in found.notes)]))
    raise typer.Exit(FAILED if found.breaches else 0)


def _judged(found: "Audit") -> dict[str, Any]:
    evaluation = found.evaluation
    return {
        "ok": not found.breaches,
        "breaches": found.breaches,
        "notes": found.notes,
        "objective": evaluation.objective if evaluation else None,
        "terms": evaluation.terms if evaluation else {},
        "violations": [violation.to_dict() for violation in evaluation.violations] if evaluation else [],
        "evidence": evaluation.evidence if evaluation else {},
    }


def _praise(found: "Audit") -> list[str]:
    if found.evaluation is None:
        return ["The result is consistent."]
    terms = ", ".join(f"{name} {number(value)}" for name, value in found.evaluation.terms.items())
    return [
        "The plan keeps every rule, and what the result states is true.",
        f"objective {number(found.evaluation.objective)} ({terms})",
    ]


def explain(
    file: File,
    result: Annotated[
        str | None, typer.Argument(metavar="RESULT", help="Result file whose plan --why-not compares with.")
    ] = None,
    more: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Further keys of the choice after --why-not.")
    ] = None,
    why_not: Annotated[
        list[str] | None,
        typer.Option("--why-not", metavar="KEY=VALUE", help="The choice to force, compared with the plan in RESULT."),
    ] = None,
    limits: Annotated[
        bool, typer.Option("--limits", help="Say what each shared limit is worth, solved again with one more and less.")
    ] = False,
    days: Annotated[
        float | None, typer.Option("--days", metavar="N", help="With --limits: amounts by year of N working days.")
    ] = None,
    time_limit: TimeLimit = 60.0,
    format: Format = None,
    row: Row = None,
    as_json: AsJson = False,
    progress: ShowProgress = None,
) -> None:
    """Say why FILE has no plan and what the cheapest repair is; or what a choice not taken costs.

    \b
    The keys of a choice:
      delivery  supplier=S2 frequency=1-4   at this frequency, with its milk run
                part=p7 every=2             the part every so many base periods (strict cyclic)
      heijunka  position=3 product=A     the slot builds it (bucket=3 with a box)
      kanban    loop=L1 container=small  the loop takes it; also cards=12, or both
                place=2 cards=3          of a line: counted along the flow; or buffers=3
      sourcing  supplier=S2              it delivers something;
                part=p7, quantity=50     optional: of this part, at least so much

    \b
    For instance:
      jitopt explain plant.json
      jitopt explain line.json result.json --why-not position=3 product=A
      jitopt explain racks.json result.json --limits --days 250

    Exit code: 0 answered, and there is a plan; 3 there is none, with the reasons; 4 no answer
    within the limit; 2 bad usage or input.
    """  # noqa: D301 - the mark of click for lines to be kept as they are
    from jitopt import api

    if days is not None and not limits:
        raise usage("--days belongs to --limits.")
    if limits:
        if result is None or why_not or more:
            raise usage(f"--limits takes a RESULT file and no choice: jitopt explain {file} RESULT.json --limits")
        _explain_limits(read_instance(file, format, row), result, days, time_limit, as_json)
        return
    _check_words(file, result, why_not, more)
    choice = _choice([*(why_not or []), *(more or [])])
    instance = read_instance(file, format, row)
    if result is None:
        ticker = Ticker(progress)
        try:
            explanation = api.explain(instance, time_limit=time_limit, progress=ticker.callback)
        finally:
            ticker.close()
        emit(explanation.to_dict()) if as_json else out(_show_explanation(explanation))
        raise typer.Exit({"feasible": 0, "infeasible": INFEASIBLE}.get(explanation.status, NO_PLAN))
    from jitopt.formats import read_result

    data = read_result(result, instance.problem)
    comparison = api.why_not(instance, data, choice, time_limit=time_limit)
    emit(comparison.to_dict()) if as_json else out(_show_comparison(comparison))
    raise typer.Exit({"impossible": INFEASIBLE, "infeasible": INFEASIBLE, "unknown": NO_PLAN}.get(comparison.status, 0))


def _explain_limits(instance: Any, result: str, days: float | None, time_limit: float, as_json: bool) -> None:
    """Tell what each limit is worth, the most worth first."""
    from jitopt import api
    from jitopt.formats import read_result

    values = api.limit_values(instance, read_result(result, instance.problem), days=days, time_limit=time_limit)
    values.sort(key=lambda value: -(value.saves[1] or value.saves[0]))
    if as_json:
        emit([value.to_dict() for value in values])
        return
    out("\n".join(f"{number(value.taken)} of {number(value.capacity)} taken: {value.text}" for value in values))


def _check_words(file: str, result: str | None, why_not: list[str] | None, more: list[str] | None) -> None:
    """Refuse a choice without a result to compare with, and a result without a choice."""
    if why_not and (result is None or ("=" in result and not os.path.exists(result))):
        words = " ".join([*why_not, *([result] if result else []), *(more or [])])
        raise usage(
            "--why-not compares with the plan of a RESULT file, which is missing: "
            f"jitopt explain {file} RESULT.json --why-not {words}"
        )
    if result is not None and not why_not:
        raise usage("with a RESULT file, --why-not KEY=VALUE says which choice to compare its plan with.")


def _choice(words: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not (key and sign and value):
            raise usage(f"{word!r} must have the form KEY=VALUE.")
        if key in found:
            raise usage(f"{key!r} is given twice.")
        found[key] = value
    return found


def show_reasons(reasons: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return each reason in words: what is short, by how much, the remedy and its cost."""
    lines = []
    for reason in reasons:
        members = ", ".join(reason.get("members", ()))
        name = f"{reason['rule']} ({members})" if members else str(reason["rule"])
        lines.append(f"- {name}: {reason.get('text') or 'the rule cannot be kept'}")
        lines.append(f"  short by {number(reason.get('short_by'))}; {reason.get('remedy', 'relax the rule')}")
        if reason.get("cost") is not None:
            unit = f" {reason['cost_unit']}" if reason.get("cost_unit") else ""
            lines[-1] += f" (cost {number(reason['cost'])}{unit})"
    return lines


def _show_explanation(explanation: Any) -> str:
    if explanation.status == "feasible":
        return "There is a plan: no rule has to give way."
    if explanation.status == "unknown":
        lines = ["Whether there is a plan was not decided (only one method says so, or the time was up)."]
    else:
        lines = [f"There is no plan (proof: {explanation.proof})."]
    if explanation.clash:
        minimal = getattr(explanation, "clash_minimal", False)
        lines += ["", "These rules clash" + (", and all of them are needed for it:" if minimal else ":")]
        lines += [f"- {_rule(rule)}: {rule.get('text', '')}" for rule in explanation.clash]
    if explanation.reasons:
        cost = "" if explanation.repair_cost is None else f" (cost {number(explanation.repair_cost)} in all; no money)"
        lines += ["", f"The cheapest repair found{cost}:", *show_reasons(explanation.reasons)]
    if explanation.ways:
        lines += ["", "If rules of one kind alone give way:"]
        lines += [line for way in explanation.ways for line in _show_way(way)]
    return "\n".join(lines)


def _show_way(way: Mapping[str, Any]) -> list[str]:
    """Return a way out: what would do it by itself, counted in its own unit."""
    if way["status"] == "impossible":
        return [f"- {way['way']}: not enough by itself"]
    total = "" if way["total"] is None else f", {way['total']} in all"
    least = "" if way["proven"] else " (less may do)"
    lines = [f"- {way['way']}{total}{least}:"]
    return lines + [f"  {reason['remedy']}: {reason['text']}" for reason in way["reasons"]]


def _rule(rule: Mapping[str, Any]) -> str:
    members = ", ".join(rule.get("members", ()))
    return f"{rule['rule']} ({members})" if members else str(rule["rule"])


def _show_comparison(comparison: Any) -> str:
    asked = ", ".join(f"{key}={value}" for key, value in comparison.choice.items())
    words = {
        "worse": "costs more",
        "made": "is what the plan does already",
        "same": "costs the same",
        "better": "costs less: the plan in hand was not the best",
        "impossible": "cannot be done",
        "unknown": "was not decided within the time limit",
    }
    lines = [f"The choice {asked} {words.get(comparison.status, comparison.status)}."]
    if comparison.difference is not None:
        rows = [[name, before, after, difference] for name, before, after, difference in comparison.terms]
        rows.append(["objective", comparison.objective_before, comparison.objective_after, comparison.difference])
        lines += ["", columns(["term", "before", "after", "difference"], rows)]
    if comparison.reasons:
        lines += ["", *show_reasons(comparison.reasons)]
    return "\n".join(lines)
