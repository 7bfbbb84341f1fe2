"""The wheel holds what the tree holds: every package listed, typed, with its data."""

from __future__ import annotations

import importlib
import importlib.util
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, assert_type

import pytest

import jitopt

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def project() -> dict:
    file = ROOT / "pyproject.toml"
    if not file.exists():
        pytest.skip("not in a source tree")
    return tomllib.loads(file.read_text(encoding="utf-8"))


def test_every_package_folder_is_listed(project):
    """A forgotten sub-package vanishes from the wheel without a word; so the list is held against the folders."""
    mapping = project["tool"]["setuptools"]["package-dir"]
    listed = set(project["tool"]["setuptools"]["packages"])
    found = set()
    for package, folder in mapping.items():
        for file in (ROOT / folder).rglob("*.py"):
            parts = file.parent.relative_to(ROOT / folder).parts
            found.add(".".join((package, *parts)))
    assert found == listed


def test_every_listed_package_is_installed(project):
    for package in project["tool"]["setuptools"]["packages"]:
        assert importlib.util.find_spec(package) is not None, package


def test_versions_agree(project):
    assert project["project"]["version"] == jitopt.__version__ == version("jitopt")
    assert f"version: {jitopt.__version__}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_data_files_are_shipped():
    package = Path(next(iter(importlib.import_module("jitopt.instances").__path__)))
    assert list((package / "heijunka").glob("*.json")) and list((package / "sourcing").glob("*.json"))
    assert {entry.name for entry in (package / "plants").iterdir()} >= {"lamps", "pumps", "README.md"}
    home = Path(jitopt.__file__).parent
    assert (home / "py.typed").exists() and list((home / "schemas").glob("*.json"))


def test_public_names_exist():
    for name in jitopt.__all__:
        assert getattr(jitopt, name) is not None
    with pytest.raises(AttributeError):
        _ = jitopt.nothing_of_the_kind


if TYPE_CHECKING:

    def typed_by_the_problem(level: jitopt.Heijunka, supply: jitopt.Sourcing) -> None:
        """The type checker holds the face to its promise: a result is typed by the instance's problem."""
        assert_type(jitopt.solve(level), jitopt.Result[jitopt.HeijunkaPlan])
        assert_type(jitopt.solve(supply), jitopt.Result[jitopt.SourcingPlan])
