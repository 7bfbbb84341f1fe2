"""What is said of a wrong input: the place, the rule, and a remedy that names what was likely meant."""

from __future__ import annotations

import io
import json
from typing import Any

import pandas as pd
import pytest

import jitopt
from jitopt.errors import InputError

HEIJUNKA: dict[str, Any] = {
    "problem": "heijunka",
    "version": 1,
    "name": "x",
    "products": {"product": ["Sedan", "Van"], "demand": [2, 3]},
    "objective": [{"term": "rate"}],
}
SOURCING: dict[str, Any] = {
    "problem": "sourcing",
    "version": 1,
    "name": "y",
    "suppliers": {"supplier": ["Alfa", "Beta"], "capacity": [10, 20]},
    "parts": {"part": ["p", "q"], "period": [1, 1], "demand": [12, 5]},
    "quotes": {"supplier": ["Alfa", "Beta", "Beta"], "part": ["p", "p", "q"], "price": [1, 2, 3]},
}


def refusal(data: object) -> InputError:
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    with pytest.raises(InputError) as caught:
        jitopt.read(io.BytesIO(text))
    return caught.value


def without(data: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != key}


WRONG: dict[str, tuple[dict[str, Any], str, tuple[str, ...]]] = {
    "a misspelled column": (
        SOURCING | {"suppliers": {"supplier": ["Alfa", "Beta"], "capasity": [10, None]}},
        "/suppliers/capasity",
        ('no field "capasity"', "did you mean capacity?", "on_time"),
    ),
    "a misspelled table": (
        without(SOURCING, "quotes") | {"qoutes": SOURCING["quotes"]},
        "/qoutes",
        ("did you mean quotes?",),
    ),
    "a field nobody knows": (HEIJUNKA | {"zzz": 1}, "/zzz", ("remove it; the fields are",)),
    "a missing column": (
        SOURCING | {"quotes": without(SOURCING["quotes"], "price")},
        "/quotes/price",
        ('the field "price" is missing', "jitopt schema sourcing"),
    ),
    "rows instead of columns": (
        SOURCING | {"quotes": [{"supplier": "Alfa", "part": "p", "price": 1}]},
        "/quotes",
        ("not a list of rows", '{"supplier": [...], "part": [...], "price": [...]}'),
    ),
    "a single value for a column": (
        HEIJUNKA | {"products": {"product": "Sedan", "demand": [1]}},
        "/products/product",
        ("a column is a list of values",),
    ),
    "an objective that is no list": (
        HEIJUNKA | {"objective": {"term": "rate"}},
        "/objective",
        ("a list of terms", 'write [{"term": "rate"}]'),
    ),
    "an empty objective": (HEIJUNKA | {"objective": []}, "/objective", ("at least one term",)),
    "a term that is nearly right": (
        HEIJUNKA | {"objective": [{"term": "rates"}]},
        "/objective/0/term",
        ("did you mean 'rate'?",),
    ),
    "null where a number is due": (
        SOURCING | {"quotes": SOURCING["quotes"] | {"price": [1, None, 3]}},
        "/quotes/price/1",
        ("must be a number, not null",),
    ),
    "a repeated key of two columns": (
        SOURCING | {"parts": {"part": ["p", "p"], "period": [1, 1], "demand": [1, 2]}},
        "/parts/period/1",
        ("each part and period together may appear only once", '{"part": "p", "period": 1}'),
    ),
    "a percentage for a share": (
        SOURCING | {"shares": {"part": ["p"], "at_most": [60]}},
        "/shares/at_most/0",
        ("a share lies between 0 and 1", "write 0.6 for 60 %"),
    ),
    "a percentage as text": (
        SOURCING | {"shares": {"part": ["p"], "at_most": ["60%"]}},
        "/shares/at_most/0",
        ("write 60 % as 0.6",),
    ),
    "a percentage for a factor": (
        SOURCING
        | {
            "discounts": {"supplier": ["Beta", "Beta"], "part": ["q", "p"], "from_quantity": [5, 6], "factor": [0.9, 5]}
        },
        "/discounts/factor/1",
        ("break from 6 units of 'Beta' for 'p'", "5 % off is 0.95"),
    ),
    "a factor that rises": (
        SOURCING | {"discounts": {"supplier": ["Beta", "Beta"], "from_quantity": [5, 9], "factor": [0.8, 0.9]}},
        "/discounts/factor/1",
        ("must not rise", "it is 0.8"),
    ),
    "another spelling of an id": (
        SOURCING | {"quotes": SOURCING["quotes"] | {"supplier": ["Alpha", "Beta", "Beta"]}},
        "/quotes/supplier/0",
        ("did you mean 'Alfa'?",),
    ),
    "another case of an id": (
        SOURCING | {"quotes": SOURCING["quotes"] | {"supplier": ["Alfa", "BETA", "Beta"]}},
        "/quotes/supplier/1",
        ("did you mean 'Beta'?",),
    ),
    "a blank behind a reference": (
        SOURCING | {"quotes": SOURCING["quotes"] | {"supplier": ["Alfa", "Beta", "Beta "]}},
        "/quotes/supplier/2",
        ("write 'Beta', without the blank",),
    ),
    "a blank behind the id itself": (
        SOURCING | {"suppliers": {"supplier": ["Alfa", "Beta "]}},
        "/suppliers/supplier/1",
        ("a blank at its beginning or end", "write 'Beta'"),
    ),
    "a current product with another spelling": (
        HEIJUNKA | {"current": {"sequence": ["Van", "Sedn"]}},
        "/current/sequence/1",
        ("did you mean 'Sedan'?",),
    ),
    "frozen without a current plan": (HEIJUNKA | {"frozen": 1}, "/frozen", ("give the current plan",)),
    "no supplier allowed": (
        SOURCING | {"suppliers_at_most": 0},
        "/suppliers_at_most",
        ("part 'p' has demand above its stock", "leave suppliers_at_most out"),
    ),
    "a problem in capitals": (HEIJUNKA | {"problem": "Heijunka"}, "/problem", ('did you mean "heijunka"?',)),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_instance_is_told_in_words(case: str) -> None:
    data, place, words = WRONG[case]
    error = refusal(data)
    assert error.place == place
    assert error.remedy
    text = str(error)
    for word in words:
        assert word in text
    for foreign in ("valid tuple", "valid dictionary", "extra inputs", "field required", "None", "got ("):
        assert foreign not in text


def test_further_problems_are_told_and_counted() -> None:
    error = refusal(SOURCING | {"suppliers": {"supplier": [1] * 9}})
    assert len(error.more) == 6
    assert error.more[0] == "also /suppliers/supplier/1: the value must be text"
    assert error.more[-1] == "and 3 more"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x89PNG\r\n\x1a\n rest", "a picture"),
        (b"PK\x03\x04 rest", "pandas.read_excel"),
        (b"\x1f\x8b rest", "compressed"),
        (b"ab\0\x80", "not a text file"),
        (b"supplier,part,price\nA,p,1\n", "jitopt.from_tables"),
        (b"supplier;part;price\nA;p;1\n", "pandas.read_csv"),
    ],
)
def test_files_that_are_no_instance_at_all(data: bytes, words: str) -> None:
    assert words in str(refusal(data))


def test_from_tables_speaks_of_its_arguments() -> None:
    frame = pd.DataFrame({"product": ["A"], "demand": [1]})
    for arguments, words in (
        (("routing", {}), "the first argument of from_tables is a problem: delivery, heijunka, kanban, sourcing"),
        (("heijunka", frame), 'write {"products": table'),
        (("heijunka", {"product": frame}), "did you mean products?"),
        (("heijunka", {"products": frame.rename(columns={"demand": "demnad"})}), "did you mean demand?"),
    ):
        with pytest.raises(InputError) as caught:
            jitopt.from_tables(*arguments)
        assert words in str(caught.value)
        assert "/problem" not in str(caught.value)


def test_a_reference_with_a_blank_is_told_in_the_words_of_the_table() -> None:
    with pytest.raises(InputError) as caught:
        jitopt.from_tables(
            "heijunka",
            {
                "products": {"product": ["A ", "B"], "demand": [1, 1]},
                "bill": {"product": ["A"], "part": ["p"], "quantity": [1]},
            },
        )
    assert caught.value.place == "table products, row 1 (index 0), column product"


def test_instances_are_written_as_json_only(tmp_path: Any) -> None:
    instance = jitopt.Heijunka.parse(HEIJUNKA)
    for name in ("x.csv", "x.XLSX"):
        with pytest.raises(InputError, match="JSON only"):
            jitopt.write(instance, tmp_path / name)
        assert not (tmp_path / name).exists()
    for path in (5, None, ["x.json"]):
        with pytest.raises(InputError, match="path"):
            jitopt.write(instance, path)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"jitopt\.write\(instance, path\)"):
        jitopt.write("x.json", instance)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="did you mean frozen"):
        instance.replace(frosen=1)


def test_no_supplier_is_needed_where_the_stock_is_enough() -> None:
    stock = {"part": ["p", "q"], "initial": [12, 5]}
    instance = jitopt.Sourcing.parse(SOURCING | {"suppliers_at_most": 0, "stock": stock})
    assert instance.evaluate(jitopt.SourcingPlan(orders=())).feasible
