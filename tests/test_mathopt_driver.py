"""What the MathOpt driver reads from SCIP's log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jitopt.engine.drivers.mathopt_driver import lowered


@given(value=st.floats(-1e15, 1e15), digits=st.integers(2, 8))
def test_a_bound_in_the_log_is_never_read_as_more_than_it_is(value, digits):
    read = lowered(f"{value: .{digits}e} ")
    assert read is not None
    assert read <= value
    assert read == pytest.approx(value, rel=2 * 10.0**-digits, abs=10.0**-digits)


@pytest.mark.parametrize("text", ["      --      ", " infeasible ", "", "Inf", "nan", "1", "1e5", " 15k", "12.5%"])
def test_other_cells_are_no_bounds(text):
    assert lowered(text) is None
