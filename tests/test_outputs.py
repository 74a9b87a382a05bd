"""Which output of a model is meant."""

import re

import numpy as np
import pytest

from lstm_helpers import _outputs

Y = np.arange(24.0).reshape(4, 3, 2)


@pytest.mark.parametrize(
    ("outputs", "output", "expected"),
    [
        (Y[:, 0], 1, Y[:, 0, 1]),
        (Y[:, 0], np.int64(-2), Y[:, 0, 0]),
        (Y[:, 0], (1,), Y[:, 0, 1]),
        (Y, (-1, 0), Y[:, 2, 0]),
        (Y, (-3, -2), Y[:, 0, 0]),
        (Y[:, 0, 0], (), Y[:, 0, 0]),
        ([Y], lambda outputs: outputs[0][:, 1, 1], Y[:, 1, 1]),
    ],
)
def test_it_is_taken_by_place_or_function(outputs, output, expected):
    _outputs.require_output(output)
    np.testing.assert_array_equal(_outputs.selected(outputs, output, len(Y)), expected)


@pytest.mark.parametrize("output", [1.0, True, [0], None, "0", (0, 1.0), (0, None), np.True_])
def test_another_kind_is_refused(output):
    message = f"expected output as a whole number, a tuple of them or a function, got {output!r}"
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        _outputs.require_output(output)


@pytest.mark.parametrize("output", [0, (0,), (3, 0), (-4, 0), (0, 2), (0, -3), (0, 0, 0), ()])
def test_no_such_place(output):
    message = f"expected output as a place in (windows, 3, 2), got {output!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        _outputs.selected(Y, output, 4)


def test_an_axis_that_is_left_open_takes_any_place():
    class Traced:
        shape = (None, None, 2)

        def __getitem__(self, place):
            return place

    assert _outputs.selected(Traced(), (7, 1), None) == (slice(None), 7, 1)
    with pytest.raises(ValueError, match=r"^expected output as a place in \(windows, None, 2\), "):
        _outputs.selected(Traced(), (7, 2), None)


def test_what_is_no_tensor_or_has_another_shape():
    with pytest.raises(TypeError, match=r"^expected output to return a tensor, got int$"):
        _outputs.selected(Y, lambda outputs: 3, 4)
    for taken in (Y[:, 0], Y[:3, 0, 0], Y.sum()):
        message = re.escape(f"expected output to return shape (windows,), got {taken.shape}")
        with pytest.raises(ValueError, match=f"^{message}$"):
            _outputs.selected(Y, lambda outputs, taken=taken: taken, 4)
    message = (
        "expected a model of one output, or a function that takes it from them, as in "
        "output=lambda outputs: outputs[0][:, 0], got list"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        _outputs.selected([Y], 0, 4)
    with pytest.raises(ValueError, match=r"^expected a cell of one .* outputs: outputs\.a, got"):
        _outputs.selected([Y], 0, 4, "cell", "outputs.a")


def test_a_missing_gradient():
    assert _outputs.found(0.0) == 0.0
    message = "expected an output that depends on the inputs, got one without a gradient"
    with pytest.raises(ValueError, match=f"^{message}$"):
        _outputs.found(None)


def test_a_shape_that_a_framework_shows_in_its_own_way_is_shown_as_a_tuple():
    class Size(tuple):
        def __repr__(self):
            return "Size"

    assert _outputs.require_windows(Size([4]), 4) is None
    assert _outputs.require_windows([None], 4) is None
    with pytest.raises(ValueError, match=r"^expected .* shape \(windows,\), got \(4, 1\)$"):
        _outputs.require_windows(Size([4, 1]), 4)
