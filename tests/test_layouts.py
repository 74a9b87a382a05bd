"""Every entry of these arrays says where it belongs: 1000 array + 100 gate + 10 row + column.

So a swap of two gates, of two arrays, or of rows and columns cannot go unseen.
"""

import dataclasses
import re

import numpy as np
import pytest

import lstm_helpers as lh

FEATURES, UNITS = 3, 2
GATE_CODE = {"i": 100, "f": 200, "c": 300, "o": 400}
PART_CODE = {"kernel": 1000, "recurrent_kernel": 2000, "bias": 3000}
SHAPES = {"kernel": (FEATURES, UNITS), "recurrent_kernel": (UNITS, UNITS), "bias": (UNITS,)}


def coded(part, gate):
    """The array of one gate, each entry a number that names its place."""
    rows, columns = np.indices(SHAPES[part]) if part != "bias" else (0, np.arange(UNITS))
    return np.asarray(PART_CODE[part] + GATE_CODE[gate] + 10 * rows + columns, dtype=np.float32)


def stored(layout, parts=("kernel", "recurrent_kernel", "bias")):
    """The coded arrays as each format stores them, written out by hand."""
    if layout == "keras":
        return [np.concatenate([coded(part, gate) for gate in "ifco"], axis=-1) for part in parts]
    return [
        *(coded("kernel", "i"), coded("recurrent_kernel", "i"), coded("bias", "i")),
        *(coded("kernel", "c"), coded("recurrent_kernel", "c"), coded("bias", "c")),
        *(coded("kernel", "f"), coded("recurrent_kernel", "f"), coded("bias", "f")),
        *(coded("kernel", "o"), coded("recurrent_kernel", "o"), coded("bias", "o")),
    ]


def test_the_code_tells_every_entry_apart():
    entries = np.concatenate([array.ravel() for array in stored("keras")])
    assert len(np.unique(entries)) == len(entries) == 4 * (3 * 2 + 2 * 2 + 2)


def test_a_keras_kernel_by_hand():
    kernel = stored("keras")[0]
    assert kernel[0].tolist() == [1100, 1101, 1200, 1201, 1300, 1301, 1400, 1401]
    assert kernel[:, 2].tolist() == [1200, 1210, 1220]


@pytest.mark.parametrize("gate", "ifco")
@pytest.mark.parametrize("part", SHAPES)
@pytest.mark.parametrize("layout", ["keras", "keras1"])
def test_each_array_gets_its_name(layout, part, gate):
    w = lh.LSTMWeights.from_arrays(stored(layout), layout)
    np.testing.assert_array_equal(getattr(getattr(w, part), gate), coded(part, gate), strict=True)


def test_these_are_all_layouts_and_each_gate_is_in_its_order_once():
    assert list(lh.LAYOUTS) == ["keras", "keras1"]
    assert [layout.order for layout in lh.LAYOUTS.values()] == ["ifco", "icfo"]


def test_the_table_cannot_be_rewritten():
    with pytest.raises(dataclasses.FrozenInstanceError):
        lh.LAYOUTS["keras"].order = "icfo"


SAID = {
    "keras": r"kernel (\(.+\)), recurrent_kernel (\(.+\)), bias (\(.+\)), the gates side by side",
    "keras1": r"12 arrays: W (\(.+\)), U (\(.+\)), b (\(.+\)) of one gate after the other",
}


@pytest.mark.parametrize("layout", SAID)
def test_the_shapes_in_words_are_those_of_the_arrays(layout):
    said = re.fullmatch(SAID[layout], lh.LAYOUTS[layout].stored_as).groups()
    for shape, array in zip(said, stored(layout), strict=False):
        shape = shape.replace("4H", "4 * H").replace("F", str(FEATURES)).replace("H", str(UNITS))
        assert eval(shape) == array.shape


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("layout", ["keras", "keras1"])
def test_round_trip_bit_for_bit(layout, dtype):
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=array.shape).astype(dtype) for array in stored(layout)]
    arrays[0].flat[:3] = [-0.0, np.nan, np.finfo(dtype).smallest_subnormal]
    back = lh.LSTMWeights.from_arrays(arrays, layout).to_arrays(layout)
    assert [a.dtype for a in back] == [np.dtype(dtype)] * len(arrays)
    assert [a.shape for a in back] == [a.shape for a in arrays]
    assert [a.tobytes() for a in back] == [a.tobytes() for a in arrays]


def test_from_one_format_to_the_other():
    new = lh.LSTMWeights.from_arrays(stored("keras1"), "keras1").to_arrays("keras")
    for array, expected in zip(new, stored("keras"), strict=True):
        np.testing.assert_array_equal(array, expected, strict=True)


@pytest.mark.parametrize("layout", ["keras", "keras1"])
def test_slices_are_views(layout):
    arrays = stored(layout)
    w = lh.LSTMWeights.from_arrays(arrays, layout)
    for part in (w.kernel, w.recurrent_kernel, w.bias):
        for view in part:
            assert any(np.shares_memory(view, array) for array in arrays)
    w.kernel.f[0, 1] = -7
    assert sum((array == -7).sum() for array in arrays) == 1


def test_without_bias():
    arrays = stored("keras", ("kernel", "recurrent_kernel"))
    w = lh.LSTMWeights.from_arrays(arrays)
    assert w.bias is None
    assert [a.tobytes() for a in w.to_arrays()] == [a.tobytes() for a in arrays]
    with pytest.raises(ValueError, match="layout 'keras1': expected a bias, got none"):
        w.to_arrays("keras1")


def test_each_layout_brings_the_activation_of_its_gates():
    assert lh.LSTMWeights.from_arrays(stored("keras")).recurrent_activation == "sigmoid"
    old = lh.LSTMWeights.from_arrays(stored("keras1"), "keras1")
    assert old.recurrent_activation == "hard_sigmoid_keras1"
    told = lh.LSTMWeights.from_arrays(stored("keras1"), "keras1", recurrent_activation="sigmoid")
    assert told.recurrent_activation == "sigmoid"


@pytest.mark.parametrize(
    ("layout", "count", "message"),
    [
        ("keras", 0, "got 0: is the layer built"),
        ("keras", 1, "got 1$"),
        ("keras", 4, "got 4: are these a whole model's weights"),
        ("keras", 5, "got 5: are these a whole model's weights"),
        ("keras", 6, "got 6: a Bidirectional layer holds three forward, then three backward"),
        ("keras", 12, "got 12: Keras 1 stored a layer as twelve, layout 'keras1'"),
        ("keras1", 0, "got 0: is the layer built"),
        ("keras1", 3, "expected 12 arrays .* i, c, f, o.*, got 3$"),
        ("keras1", 11, "got 11$"),
    ],
)
def test_a_wrong_count_comes_with_a_hint(layout, count, message):
    arrays = (stored("keras1") * 2)[:count]
    with pytest.raises(ValueError, match=message):
        lh.LSTMWeights.from_arrays(arrays, layout)


KERNEL, RECURRENT, BIAS = stored("keras")


@pytest.mark.parametrize(
    "arrays",
    [
        pytest.param([RECURRENT, KERNEL, BIAS], id="kernels swapped"),
        pytest.param([KERNEL.T, RECURRENT, BIAS], id="kernel transposed"),
        pytest.param([KERNEL, np.float32(1), BIAS], id="a number"),
        pytest.param([KERNEL, RECURRENT.T, BIAS], id="recurrent kernel transposed"),
        pytest.param([KERNEL[:, :-1], RECURRENT, BIAS], id="kernel too narrow"),
        pytest.param([KERNEL, RECURRENT, BIAS[:-1]], id="bias too short"),
        pytest.param([KERNEL, RECURRENT, BIAS[None]], id="bias as a matrix"),
        pytest.param([KERNEL, BIAS, RECURRENT], id="bias in the middle"),
        pytest.param([KERNEL[0], RECURRENT, BIAS], id="kernel as a vector"),
        pytest.param([KERNEL, RECURRENT, KERNEL[:, :3]], id="no bias, and a Dense kernel"),
    ],
)
def test_wrong_shapes_of_the_keras_layout(arrays):
    shapes = r"\(features, 4 \* units\), \(units, 4 \* units\) and \(4 \* units,\), got \[\("
    with pytest.raises(ValueError, match=shapes):
        lh.LSTMWeights.from_arrays(arrays)


def test_twelve_arrays_grouped_by_kind_are_refused():
    arrays = stored("keras1")
    grouped = arrays[0::3] + arrays[1::3] + arrays[2::3]
    with pytest.raises(ValueError, match=r"expected .* of shape \(.*\), got \("):
        lh.LSTMWeights.from_arrays(grouped, "keras1")


def test_an_unknown_layout_names_the_known_ones():
    message = "expected a layout of 'keras', 'keras1', got 'torch'"
    with pytest.raises(ValueError, match=message):
        lh.LSTMWeights.from_arrays(stored("keras"), "torch")
    with pytest.raises(ValueError, match=message):
        lh.LSTMWeights.from_arrays(stored("keras")).to_arrays("torch")
