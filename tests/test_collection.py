"""The tools of the library: faults in its files are found; submissions are recorded or refused with the reason."""

from __future__ import annotations

import hashlib
import json
import shlex
from typing import TYPE_CHECKING, Any

import pytest

import jitopt
from jitopt.cli import main
from jitopt.collection import library, recording, submit, update, verify
from jitopt.collection import submission as submission_module
from jitopt.collection.manifest import MARKS, manifest_text
from jitopt.collection.submission import rounded_down
from jitopt.collection.verification import write_library
from jitopt.formats.strict_json import layout
from jitopt.problems.base import exact

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("card_formula_11", "rack_for_one_of_two", "over_buying", "replanning", "heijunka_12_buckets")
RECIPE = "heijunka_400_units_b"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A small library in what looks like a clone."""
    folder = tmp_path / "instances"
    whole = jitopt.library()
    for name in (*NAMES, RECIPE):
        file = folder / whole[name].file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes((whole.folder / whole[name].file).read_bytes())
    entries = [whole[name] for name in (*NAMES, RECIPE)]
    (tmp_path / "pyproject.toml").write_text("")
    (folder / "README.md").write_text(f"Before\n{MARKS[0]}\n{MARKS[1]}\nAfter\n")
    (folder / "manifest.json").write_text(manifest_text(entries))
    write_library(folder, entries)
    return folder


def edit(file: Path, **changes: Any) -> None:
    """Change keys of a JSON file, "known.lower" as known__lower; None removes."""
    data = json.loads(file.read_text())
    for path, value in changes.items():
        *way, last = path.split("__")
        place = data
        for key in way:
            place = place[key]
        place.pop(last, None)
        if value is not None:
            place[last] = value
    file.write_text(layout(data) + "\n")


def of(folder: Path, name: str, **changes: Any) -> None:
    """Change fields of an entry of the manifest."""
    shelf = library(folder=folder)
    rows = [entry.model_copy(update=changes if entry.name == name else {}) for entry in shelf.values()]
    write_library(folder, rows)


# --- reading -----------------------------------------------------------------------------------


def test_library_is_a_mapping_with_frames() -> None:
    shelf = jitopt.library("kanban")
    assert set(shelf) < set(jitopt.library()) and "over_buying" not in shelf
    assert shelf["card_formula_11"].optimum == 11 == shelf["card_formula_11"].bound
    assert shelf.read("card_formula_11").name == "card_formula_11"
    frame = shelf.to_frame("pandas")
    assert list(frame["name"]) == list(shelf) and len(shelf.to_frame("polars")) == len(shelf)


def test_an_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(jitopt.InputError, match="did you mean card_formula_11"):
        jitopt.library()["card_formula11"]
    with pytest.raises(jitopt.InputError, match="delivery, heijunka"):
        jitopt.library("cards")
    with pytest.raises(jitopt.InputError, match=r"no manifest\.json"):
        jitopt.library(folder="tests")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"over_buying"', '"Over buying"', "small letters, digits and underscores"),
        ('"sourcing/over_buying.json"', '"../over_buying.json"', "folder/name.json"),
        ('"proof": "enumeration"', '"proof": "surely"', "/proof"),
        ('"family"', '"familly"', "familly"),
        ('"name": "over_buying"', '"name": "replanning"', "listed once"),
        ("{", "", "not valid JSON"),
    ],
)
def test_a_manifest_that_cannot_be_is_refused(clone: Path, old: str, new: str, told: str) -> None:
    file = clone / "manifest.json"
    file.write_text(file.read_text().replace(old, new, 1))
    with pytest.raises(jitopt.InputError) as error:
        library(folder=clone)
    assert told in str(error.value)


def test_a_recipe_is_what_generate_writes(tmp_path: Path) -> None:
    """The command of its source writes the file with its hash, byte for byte."""
    shelf = jitopt.library()
    entry = shelf[RECIPE]
    assert entry.generator is not None and entry.generator.command("heijunka") in entry.source
    target = tmp_path / "made.json"
    assert main([*shlex.split(entry.generator.command("heijunka"))[1:-1], str(target)]) == 0
    assert hashlib.sha256(target.read_bytes()).hexdigest() == entry.generator.file_sha256
    assert jitopt.read(target).sha256() == entry.sha256 == shelf.read(RECIPE).sha256()


def test_a_recipe_that_draws_other_numbers_is_refused(clone: Path) -> None:
    of(clone, RECIPE, sha256="0" * 64)
    with pytest.raises(jitopt.JitoptError, match="other random numbers"):
        library(folder=clone).read(RECIPE)


# --- faults --------------------------------------------------------------------------------------

CARD = "kanban/card_formula_11.json"
RACK = "kanban/rack_for_one_of_two.json"
BOX = "heijunka/heijunka_12_buckets.json"

FAULTS: dict[str, tuple[Any, str]] = {
    "a worse value": (lambda f: edit(f / CARD, known__optimum=12.0), "12.0 is stated, the plan's objective is 11"),
    "a plan that breaks a rule": (
        lambda f: edit(f / RACK, known__plan={"loops": [{"loop": "A", "container": "large", "cards": 1}]}),
        "the plan breaks",
    ),
    "no plan": (lambda f: edit(f / CARD, known__plan=None), "a plan and a reference are needed"),
    "no reference": (lambda f: edit(f / CARD, known__reference=None), "a plan and a reference are needed"),
    "no value": (lambda f: edit(f / CARD, known__optimum=None), "either the optimum or an upper value"),
    "a bound above the plan": (
        lambda f: edit(f / CARD, known__optimum=None, known__upper=11.0, known__lower=11.5),
        "11.5 is refuted by the plan",
    ),
    "other data": (lambda f: edit(f / RACK, limits={"limit": ["rack"], "capacity": [15]}), "sha256: the manifest says"),
    "a missing file": (lambda f: (f / CARD).unlink(), "card_formula_11.json does not exist"),
    "a broken file": (lambda f: (f / CARD).write_text("{"), "not valid JSON"),
    "a file that is not listed": (lambda f: (f / "kanban/x.json").write_text("{}"), "kanban/x.json: it is not listed"),
    "a size of its own": (lambda f: of(f, "over_buying", size={"suppliers": 9}), "size: the manifest says"),
    "an optimum of its own": (lambda f: of(f, "over_buying", optimum=79.0), "optimum: the manifest says 79.0"),
    "another seed": (
        lambda f: of(f, "heijunka_12_buckets", generator=library(folder=f)["heijunka_12_buckets"].generator.model_copy(  # type: ignore[union-attr]
            update={"seed": 99}
        )),
        "seed and options make another instance",
    ),
    "no generator": (lambda f: of(f, "heijunka_12_buckets", generator=None), "needs its seed and options"),
    "a proof without agreement": (
        lambda f: of(f, "heijunka_12_buckets", methods=("heijunka_order_cpsat",)),
        "needs the two methods",
    ),
    "an optimum by one road": (lambda f: of(f, "heijunka_12_buckets", proof="single"), "a lower bound, no optimum"),
    "a proof of nothing": (lambda f: of(f, "over_buying", proof="none"), "'none' does not fit"),
    "a README of its own": (lambda f: (f / "README.md").write_text("nothing"), "its list is not the manifest's"),
    "a manifest edited by hand": (
        lambda f: (f / "manifest.json").write_text((f / "manifest.json").read_text() + "\n"),
        "not in its own layout",
    ),
}  # fmt: skip


def test_a_whole_library_has_no_breach(clone: Path) -> None:
    assert verify(folder=clone) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_found(clone: Path, fault: str) -> None:
    inject, told = FAULTS[fault]
    inject(clone)
    found = verify(folder=clone)
    assert any(told in line for line in found), found


def test_update_derives_and_keeps_what_is_its_own(clone: Path) -> None:
    """A reference that is corrected in the file comes into the manifest; family and generator stay."""
    before = library(folder=clone)
    edit(clone / BOX, known__reference="said better")
    assert verify(folder=clone) != []
    assert update(clone) == ["heijunka_12_buckets"]
    assert verify(folder=clone) == []
    after = library(folder=clone)
    assert after["heijunka_12_buckets"].reference == "said better"
    for name in after:
        assert (after[name].family, after[name].generator) == (before[name].family, before[name].generator)


# --- submissions ---------------------------------------------------------------------------------


def weaken(clone: Path) -> tuple[Any, dict[str, Any]]:
    """Forget the best plan of a file: a worse plan and no bound are known. Return instance and the best plan."""
    best = json.loads((clone / RACK).read_text())["known"]["plan"]
    instance = jitopt.read(clone / RACK)
    value = instance.evaluate(instance.plan_type.model_validate(worse(instance))).objective
    known = {"upper": value, "reference": "a first plan", "plan": worse(instance)}
    edit(clone / RACK, known=known)
    of(clone, instance.name, proof="none", methods=())
    update(clone)
    assert verify(folder=clone) == []
    return jitopt.read(clone / RACK), best


def worse(instance: Any) -> dict[str, Any]:
    """Return a feasible plan that is not the best: large boxes on both loops."""
    rows = [{"loop": "A", "container": "large", "cards": 4}, {"loop": "B", "container": "large", "cards": 6}]
    assert instance.evaluate(instance.plan_type.model_validate({"loops": rows})).objective == 15
    return {"loops": rows}


def test_a_better_plan_is_recorded_with_credit(clone: Path) -> None:
    instance, best = weaken(clone)
    receipt = submit(instance, {"plan": best}, by="Ada", prove_seconds=20, folder=clone)
    assert receipt.after == {"optimum": 12.0} and receipt.proof == "cross_checked" and receipt.recorded
    assert verify(folder=clone) == []
    entry = library(folder=clone)[instance.name]
    assert entry.optimum == 12 and entry.history[-1].by == "Ada" and "better plan" in entry.history[-1].what
    known = jitopt.read(clone / RACK).known
    assert known is not None and known.plan == best and known.reference.startswith("plan by Ada; bound by ")


def test_a_second_solver_turns_a_bound_into_an_optimum(clone: Path) -> None:
    """A bound that one solver alone stood for is confirmed by a submission of the same bound."""
    instance = jitopt.read(clone / RACK)
    plan = instance.known.plan if instance.known else None
    edit(clone / RACK, known={"upper": 12.0, "lower": 12.0, "reference": "r; bound by one", "plan": plan})
    of(clone, instance.name, proof="single", methods=("kanban_cards_pyomo",))
    update(clone)
    assert verify(folder=clone) == []
    receipt = submit(instance, {"plan": plan, "bound": 12.0}, by="Ada", prove_seconds=20, folder=clone)
    assert receipt.after == {"optimum": 12.0} and receipt.proof == "cross_checked" and len(receipt.methods) == 2
    assert verify(folder=clone) == []


def test_a_dry_run_writes_nothing(clone: Path) -> None:
    instance, best = weaken(clone)
    before = {file: file.read_bytes() for file in clone.rglob("*.*")}
    receipt = submit(instance, {"plan": best}, by="Ada", prove_seconds=20, dry_run=True, folder=clone)
    assert receipt.after == {"optimum": 12.0} and not receipt.recorded
    assert before == {file: file.read_bytes() for file in clone.rglob("*.*")}


def test_a_better_bound_is_recorded_once_roads_reach_it(clone: Path) -> None:
    instance, _best = weaken(clone)
    plan = worse(instance)
    value = float(instance.known.upper)
    claim = {"plan": plan, "objective": value, "bound": 11.9, "proof": "single"}
    receipt = submit(instance, claim, by="Ada", prove_seconds=20, folder=clone)
    # The roads find the better plan on the way, and its proof.
    assert receipt.after == {"optimum": 12.0} and any("found a better plan" in note for note in receipt.notes)


def refused(clone: Path, instance: Any, result: dict[str, Any], family: str | None = None) -> str:
    before = {file: file.read_bytes() for file in clone.rglob("*.*")}
    with pytest.raises(jitopt.InputError) as told:
        submit(instance, result, by="Ada", family=family, prove_seconds=5, folder=clone)
    assert before == {file: file.read_bytes() for file in clone.rglob("*.*")}
    return str(told.value)


def test_what_is_worse_or_wrong_is_refused(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = jitopt.read(clone / RACK)
    best = instance.known.plan if instance.known else None
    assert "not better than what is known" in refused(clone, instance, {"plan": best})
    assert "not better than what is known" in refused(clone, instance, {"plan": worse(instance)})
    broken = {"loops": worse(instance)["loops"][:1]}
    assert "- " in refused(clone, instance, {"plan": broken}) and "not taken" in refused(
        clone, instance, {"plan": broken}
    )
    assert "11.0 is stated, 12.0 is true" in refused(clone, instance, {"plan": best, "objective": 11.0})
    assert "lies above the objective" in refused(clone, instance, {"plan": best, "bound": 13.0, "proof": "single"})
    assert "belongs to another instance" in refused(
        clone, instance, {"plan": best, "instance": {"name": "x", "sha256": "0" * 64}}
    )
    monkeypatch.setattr(submission_module, "prove", lambda *_: [])
    box = jitopt.read(clone / BOX)
    edit(clone / BOX, known={"upper": box.known.optimum, "reference": "r", "plan": box.known.plan})  # type: ignore[union-attr]
    of(clone, box.name, proof="none", methods=())
    update(clone)
    claim = {"plan": box.known.plan, "bound": 13.0, "proof": "single"}  # type: ignore[union-attr]
    assert "not reached by any exact road" in refused(clone, box, claim)


def test_a_plan_below_a_recorded_bound_refutes_it(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong bound of the library falls with the first plan that is better, and the receipt says so."""
    instance, best = weaken(clone)
    value = instance.known.upper
    edit(clone / RACK, known={"optimum": value, "reference": "wrong", "plan": worse(instance)})
    of(clone, instance.name, proof="publication")
    update(clone)
    monkeypatch.setattr(submission_module, "prove", lambda *_: [])
    receipt = submit(jitopt.read(clone / RACK), {"plan": best}, by="Ada", folder=clone)
    assert receipt.after == {"upper": 12.0} and receipt.proof == "none"
    assert any("refutes the recorded bound" in note for note in receipt.notes)
    assert verify(folder=clone) == []


def test_a_recipe_takes_a_submission(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The generator's own plan is worse; a better one goes into the recipe's file."""
    shelf = library(folder=clone)
    good = shelf.read(RECIPE)
    generator = shelf[RECIPE].generator
    assert generator is not None and good.known is not None
    made = jitopt.generate("heijunka", seed=generator.seed, **generator.options)
    assert made.known is not None
    edit(clone / shelf[RECIPE].file, known=made.known.model_dump(exclude_none=True))
    of(clone, RECIPE, proof="none", methods=())
    update(clone)
    monkeypatch.setattr(submission_module, "prove", lambda *_: [])
    receipt = submit(made, {"plan": good.known.plan}, by="Ada", folder=clone)
    assert receipt.after == {"upper": good.known.upper} and receipt.name == RECIPE
    assert verify([RECIPE], folder=clone) == []


def test_a_new_instance_joins(clone: Path) -> None:
    new = jitopt.library().read("cards_in_force")
    plan = new.known.plan if new.known else None
    assert "a new one needs a class" in refused(clone, new, {"plan": plan})
    assert "needs a plan" in refused(clone, new, {"plan": None, "status": "no_plan"}, family="f")
    taken = new.replace(name="over_buying")
    assert "another instance of this name" in refused(clone, taken, {"plan": plan}, family="f")
    assert "small letters" in refused(clone, new.replace(name="Cards!"), {"plan": plan}, family="f")
    assert "where it comes from" in refused(clone, new.replace(source=""), {"plan": plan}, family="f")
    receipt = submit(new, {"plan": plan}, by="Ada", family="cards in force", prove_seconds=20, folder=clone)
    assert receipt.before is None and receipt.after == {"optimum": 6.0}
    assert verify(folder=clone) == []
    assert library(folder=clone)["cards_in_force"].family == "cards in force"


def test_a_generated_instance_joins_as_file_or_recipe(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small one as a file, a large one as its recipe; both are generated again by verify."""
    monkeypatch.setattr(submission_module, "prove", lambda *_: [])
    made = jitopt.generate("sourcing", seed=3, suppliers=2, parts=2)
    plan = made.known.plan if made.known else None
    new = made.replace(name="sourcing_2x2", source="generated: for a test")
    generator: dict[str, Any] = {"seed": 3, "options": {"suppliers": 2, "parts": 2}}

    def joined(**more: Any) -> str:
        with pytest.raises(jitopt.InputError) as told:
            submit(new, {"plan": plan}, by="Ada", family="f", folder=clone, **more)
        return str(told.value)

    assert "has a generator" in joined()
    assert "another instance" in joined(generator=generator | {"seed": 4})
    assert "has no option" in joined(generator={"seed": 3, "options": {"loops": 4}})
    assert "seed" in joined(generator={"seed": "3", "options": {}})
    for size, file in ((150_000, "sourcing/sourcing_2x2.json"), (10, "recipes/sourcing_2x3.json")):
        monkeypatch.setattr(recording, "LARGEST_FILE", size)
        submit(new, {"plan": plan}, by="Ada", family="f", generator=generator, folder=clone)
        assert library(folder=clone)[new.name].file == file
        assert verify(folder=clone) == []
        made = jitopt.generate("sourcing", seed=3, suppliers=2, parts=3)
        plan, generator = (
            (made.known.plan if made.known else None),
            {"seed": 3, "options": {"suppliers": 2, "parts": 3}},
        )
        new = made.replace(name="sourcing_2x3", source="generated: for a test")


def test_credit_is_a_line_of_text(clone: Path) -> None:
    instance, best = weaken(clone)
    for by in ("", " ", "Ada\nBob", "x" * 201, "\x1b[31m"):
        with pytest.raises(jitopt.InputError, match="by must be a line"):
            submit(instance, {"plan": best}, by=by, folder=clone)


def test_only_an_installed_library_is_not_written_to(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instance, best = weaken(clone)
    (clone.parent / "pyproject.toml").unlink()
    with monkeypatch.context() as installed:
        installed.setattr("jitopt.collection.recording.files", lambda _package: clone)
        assert "--dry-run" in refused(clone, instance, {"plan": best})
    submit(instance, {"plan": best}, by="Ada", prove_seconds=20, folder=clone)
    assert verify(folder=clone) == [], "a copy of one's own is"


def test_a_bound_is_rounded_downwards() -> None:
    for value in (0.0, 1 / 3, 2 / 3, -1 / 3, -2 / 3, 12345678.9999999, 9.99999999999, -9.99999999999, 1e-7 / 3, 12.0):
        short = rounded_down(value)
        assert exact(short) <= exact(value) and abs(short - value) <= 1e-9 * max(abs(value), 1e-12)
    assert rounded_down(12.0) == 12.0


# --- the command line ------------------------------------------------------------------------------


def test_command_line(clone: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    there = ["--folder", str(clone)]
    assert main(["library", "list", "kanban", *there, "--json"]) == 0
    assert {row["name"] for row in json.loads(capsys.readouterr().out)} == {
        "card_formula_11", "rack_for_one_of_two",
    }  # fmt: skip
    target = tmp_path / "out.json"
    assert main(["library", "get", "over_buying", "-o", str(target), *there]) == 0
    assert jitopt.read(target).sha256() == jitopt.library()["over_buying"].sha256
    assert main(["library", "verify", "over_buying", "--prove", "20", *there]) == 0
    told = capsys.readouterr()
    assert told.err.count("the known bound") == 2 and "is what its files say" in told.out
    edit(clone / CARD, known__optimum=12.0)
    assert main(["library", "verify", *there]) == 1
    assert "12.0 is stated" in capsys.readouterr().out
    assert main(["library", "submit", "over_buying", str(clone / CARD), "--by", "Ada", *there]) == 2
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"plan": json.loads(target.read_text())["known"]["plan"]}))
    assert main(["library", "submit", "over_buying", str(plan), "--by", "Ada", *there]) == 2
    assert "not better than what is known" in capsys.readouterr().err
    assert main(["library", "get", "no_such", *there]) == 2
