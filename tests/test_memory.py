"""What strategies remember goes to JSON and back, bit for bit."""

import json
import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarmscale.errors import ConfigError
from swarmscale.model.memory import dump, restore, same


@dataclass(frozen=True)
class Inner:
    rows: np.ndarray
    name: str = "x"


@dataclass(frozen=True)
class Outer:
    inner: Inner
    past: tuple[tuple[float, int], ...] = ()
    last: Inner | None = None


HERE = {__name__}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=12,
)


def through_json(memory):
    return restore(json.loads(json.dumps(dump(memory))), HERE)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(VALUES)
def test_plain_values_come_back_as_they_were(value):
    back = through_json(value)
    assert same(back, value)
    assert type(back) is type(value)


def test_dataclasses_and_arrays_come_back_as_they_were():
    rows = np.array([[0.1, -0.0], [math.inf, math.nan]])
    memory = Outer(Inner(rows, "y"), ((0.1, 2), (1e-300, 3)), Inner(np.arange(3, dtype=np.int32)))
    back = through_json(memory)
    assert same(back, memory)
    assert back.inner.rows.tobytes() == rows.tobytes()
    assert back.last.rows.dtype == np.int32
    assert back.past == memory.past
    back.inner.rows[0, 0] = 5.0  # what comes back can be written to


def test_one_bit_is_a_difference():
    assert not same((0.1,), (math.nextafter(0.1, 1.0),))
    assert not same((0.0,), (-0.0,))


@pytest.mark.parametrize("memory", [object(), {1: 2}, np.array([object()]), {1, 2}, lambda: 1])
def test_what_has_no_form_in_json_is_refused(memory):
    with pytest.raises(ConfigError, match="a memory holds"):
        dump(memory)


def test_no_class_is_made_that_the_caller_does_not_name():
    data = dump(Inner(np.zeros(1)))
    with pytest.raises(ConfigError, match="none of its strategies defines"):
        restore(data, set())
    with pytest.raises(ConfigError, match="no dataclass"):
        restore(data | {"class": "HERE"}, HERE)
    with pytest.raises(ConfigError, match="which no checkpoint writes"):
        restore([1], HERE)
