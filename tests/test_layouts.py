"""Every entry of these arrays says where it belongs: 1000 array + 100 gate + 10 row + column.

So a swap of two gates, of two arrays, or of rows and columns cannot go unseen.
"""

import ast
import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lstm_helpers as lh
from lstm_helpers.layouts import GATES

ORDERS = {
    "keras": "ifco", "keras1": "icfo", "cudnn": "ifco", "pytorch": "ifco", "onnx": "iofc",
    "tf1": "icfo",
}  # fmt: skip
"""Every layout, and in which order it stores the gates."""
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
    biased = "bias" in parts
    if layout == "keras":
        return [np.concatenate([coded(part, gate) for gate in "ifco"], axis=-1) for part in parts]
    if layout == "keras1":
        return [
            *(coded("kernel", "i"), coded("recurrent_kernel", "i"), coded("bias", "i")),
            *(coded("kernel", "c"), coded("recurrent_kernel", "c"), coded("bias", "c")),
            *(coded("kernel", "f"), coded("recurrent_kernel", "f"), coded("bias", "f")),
            *(coded("kernel", "o"), coded("recurrent_kernel", "o"), coded("bias", "o")),
        ]
    if layout == "pytorch":
        kernels = [np.vstack([coded(part, gate).T for gate in "ifco"]) for part in parts[:2]]
        bias = np.concatenate([coded("bias", gate) for gate in "ifco"])
        return kernels + [bias, 0 * bias] * biased
    if layout == "onnx":
        kernels = [np.vstack([coded(part, gate).T for gate in "iofc"])[None] for part in parts[:2]]
        bias = np.concatenate([coded("bias", gate) for gate in "iofc"])
        return kernels + [np.concatenate([bias, 0 * bias])[None]] * biased
    if layout == "tf1":
        columns = [np.vstack([coded("kernel", g), coded("recurrent_kernel", g)]) for g in "icfo"]
        bias = np.concatenate([coded("bias", gate) - (gate == "f") for gate in "icfo"])
        return [np.hstack(columns), *[bias.astype(np.float32)] * biased]
    if layout == "cudnn":
        # What it calls a gate's (F, H) holds the rows of the transposed one after the other.
        turned = [[coded(part, gate) for gate in "ifco"] for part in parts[:2]]
        kernels = [
            np.hstack([np.ravel(k, order="F").reshape(k.shape) for k in part]) for part in turned
        ]
        bias = np.concatenate([coded("bias", gate) for gate in "ifco"])
        return kernels + [np.concatenate([bias, 0 * bias])] * biased
    raise ValueError(f"write out here how {layout!r} stores them")


KEPT = ["keras", "keras1"]
"""Layouts that store each array as it is. The others add two biases, or one number to a bias, or
turn a matrix: their arrays don't come back to the bit, ours do."""
WITHOUT = [name for name in ORDERS if name != "keras1"]


def test_the_code_tells_every_entry_apart():
    entries = np.concatenate([array.ravel() for array in stored("keras")])
    assert len(np.unique(entries)) == len(entries) == 4 * (3 * 2 + 2 * 2 + 2)


def test_a_keras_kernel_by_hand():
    kernel = stored("keras")[0]
    assert kernel[0].tolist() == [1100, 1101, 1200, 1201, 1300, 1301, 1400, 1401]
    assert kernel[:, 2].tolist() == [1200, 1210, 1220]


@pytest.mark.parametrize("gate", "ifco")
@pytest.mark.parametrize("part", SHAPES)
@pytest.mark.parametrize("layout", ORDERS)
def test_each_array_gets_its_name(layout, part, gate):
    w = lh.LSTMWeights.from_arrays(stored(layout), layout)
    np.testing.assert_array_equal(getattr(getattr(w, part), gate), coded(part, gate), strict=True)


def test_these_are_all_layouts_and_each_gate_is_in_its_order_once():
    assert {name: layout.order for name, layout in lh.LAYOUTS.items()} == ORDERS
    assert GATES == lh.Gates._fields == tuple("ifco")
    assert all(isinstance(layout.shapes, tuple) for layout in lh.LAYOUTS.values())
    sources = {
        "keras": "Keras 3, keras/src/layers/rnn/lstm.py",
        "keras1": "Keras 2.0.8, keras/engine/topology.py",
        "cudnn": "tf_keras, src/saving/legacy/hdf5_format.py",
        "pytorch": "torch/nn/modules/rnn.py",
        "onnx": "ONNX operator LSTM",
        "tf1": "TensorFlow 1.15, python/ops/rnn_cell_impl.py",
    }
    for name, layout in lh.LAYOUTS.items():
        assert layout.source.startswith(sources[name])


@pytest.mark.parametrize("layout", ORDERS)
def test_of_24_orders_one_fits(layout):
    """Exchange two gates in the row, and no array of theirs is in its place any more."""
    w = lh.LSTMWeights.from_arrays(stored(layout), layout)
    wrong = 0
    for order in itertools.permutations("ifco"):
        renamed = lh.LSTMWeights(
            *(
                lh.Gates(
                    **{
                        gate: getattr(group, other)
                        for gate, other in zip("ifco", order, strict=True)
                    }
                )
                for group in (w.kernel, w.recurrent_kernel, w.bias)
            )
        )
        right = all(
            np.array_equal(getattr(getattr(renamed, part), gate), coded(part, gate))
            for part in SHAPES
            for gate in "ifco"
        )
        wrong += not right
    assert wrong == 23


def test_the_table_cannot_be_rewritten():
    with pytest.raises(dataclasses.FrozenInstanceError):
        lh.LAYOUTS["keras"].order = "icfo"


@pytest.mark.parametrize("layout", ORDERS)
def test_the_shapes_in_words_are_those_of_the_arrays(layout):
    sizes = {"F+H": FEATURES + UNITS, "4H": 4 * UNITS, "8H": 8 * UNITS, "F": FEATURES, "H": UNITS}
    for shape, array in zip(lh.LAYOUTS[layout].shapes, stored(layout), strict=True):
        for name, size in sizes.items():
            shape = shape.replace(name, str(size))
        assert ast.literal_eval(shape) == array.shape
        assert lh.LAYOUTS[layout].shapes[0] in lh.LAYOUTS[layout].stored_as


def test_the_shapes_in_words_as_they_are_read():
    assert lh.LAYOUTS["keras1"].stored_as == "(F, H), (H, H), (H,) of each gate"
    assert lh.LAYOUTS["tf1"].stored_as == "(F+H, 4H), (4H,)"


@pytest.mark.parametrize("features", [0, 1])
def test_a_layer_has_a_feature(features):
    arrays = [np.zeros((features, 8)), np.zeros((2, 8)), np.zeros(8)]
    assert lh.LAYOUTS["keras"].fits(arrays) is (features == 1)
    assert lh.LAYOUTS["keras"].fits(arrays[:1]) is False
    assert lh.LAYOUTS["keras"].fits([np.zeros((3, 0)), np.zeros((0, 0)), np.zeros(0)]) is False


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("layout", KEPT)
def test_round_trip_bit_for_bit(layout, dtype):
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=array.shape).astype(dtype) for array in stored(layout)]
    arrays[0].flat[:3] = [-0.0, np.nan, np.finfo(dtype).smallest_subnormal]
    back = lh.LSTMWeights.from_arrays(arrays, layout).to_arrays(layout)
    assert [a.dtype for a in back] == [np.dtype(dtype)] * len(arrays)
    assert [a.shape for a in back] == [a.shape for a in arrays]
    assert [a.tobytes() for a in back] == [a.tobytes() for a in arrays]


sizes = st.integers(1, 5)


@given(
    layout=st.sampled_from(list(ORDERS)),
    features=sizes,
    units=sizes,
    dtype=st.sampled_from(["float16", "float32", "float64"]),
    bias=st.booleans(),
    seed=st.integers(0, 2**16),
)
@settings(max_examples=300, deadline=None)
def test_ours_to_a_format_and_back(layout, features, units, dtype, bias, seed):
    """Equal to the bit; what tf1 adds to the forget gate costs one rounding."""
    bias = bias or layout == "keras1"
    rng = np.random.default_rng(seed)
    shapes = ((features, units), (units, units), (units,))[: 3 if bias else 2]
    groups = [lh.Gates(*rng.normal(size=(4, *shape)).astype(dtype)) for shape in shapes]
    w = lh.LSTMWeights(*groups)
    arrays = w.to_arrays(layout)
    assert lh.LAYOUTS[layout].fits(arrays)
    assert {array.dtype.name for array in arrays} == {dtype}
    back = lh.LSTMWeights.from_arrays(arrays, layout)
    assert (back.input_dim, back.units, back.dtype) == (features, units, dtype)
    for part in ("kernel", "recurrent_kernel"):
        for one, other in zip(getattr(w, part), getattr(back, part), strict=True):
            assert np.array_equal(one, other)
    if layout == "tf1":
        ours = np.zeros((4, units)) if w.bias is None else np.array(w.bias, float)
        assert np.abs(np.array(back.bias, float) - ours).max() <= 4 * np.finfo(dtype).eps
    else:
        assert (back.bias is None) == (w.bias is None)
        if bias:
            assert np.array_equal(w.bias, back.bias)
    if layout in ("pytorch", "onnx", "cudnn") and bias:
        second = arrays[-1] if layout == "pytorch" else arrays[-1].ravel()[4 * units :]
        assert not second.any()


def test_two_biases_are_added():
    for layout in ("pytorch", "onnx", "cudnn"):
        arrays = stored(layout)
        if layout == "pytorch":
            arrays[3] = arrays[3] + 0.5
        else:
            arrays[2].ravel()[4 * UNITS :] += 0.5
        found = lh.LSTMWeights.from_arrays(arrays, layout).bias
        for gate in "ifco":
            np.testing.assert_array_equal(getattr(found, gate), coded("bias", gate) + 0.5)


def test_what_tf1_adds_to_the_forget_gate():
    arrays = stored("tf1")
    for added in (1.0, 0.0, 5):
        w = lh.LSTMWeights.from_arrays(arrays, "tf1", forget_bias=added)
        np.testing.assert_array_equal(w.bias.f, coded("bias", "f") - 1 + added)
        np.testing.assert_array_equal(w.bias.i, coded("bias", "i"))
        for one, other in zip(w.to_arrays("tf1", forget_bias=added), arrays, strict=True):
            np.testing.assert_array_equal(one, other, strict=True)
    alone = lh.LSTMWeights.from_arrays(arrays[:1], "tf1")
    assert [float(b.max()) for b in alone.bias] == [0, 1, 0, 0]
    assert lh.LSTMWeights.from_arrays(arrays[:1], "tf1", forget_bias=0).bias is None
    assert arrays[1].tolist() == stored("tf1")[1].tolist(), "the caller's arrays stay"


def test_no_other_layout_adds_a_forget_bias():
    with pytest.raises(ValueError, match=r"layout 'keras': expected no forget_bias, got 1.0: it"):
        lh.LSTMWeights.from_arrays(stored("keras"), forget_bias=1.0)
    with pytest.raises(ValueError, match="layout 'onnx': expected no forget_bias, got 1"):
        lh.LSTMWeights.from_arrays(stored("keras")).to_arrays("onnx", forget_bias=1)
    with pytest.raises(TypeError, match="expected forget_bias as a number, got '1'"):
        lh.LSTMWeights.from_arrays(stored("tf1"), "tf1", forget_bias="1")


@pytest.mark.parametrize("other", ORDERS)
@pytest.mark.parametrize("layout", ORDERS)
def test_from_one_format_to_the_other(layout, other):
    new = lh.LSTMWeights.from_arrays(stored(layout), layout).to_arrays(other)
    for array, expected in zip(new, stored(other), strict=True):
        np.testing.assert_array_equal(array, expected, strict=True)


@pytest.mark.parametrize("layout", KEPT)
def test_slices_are_views(layout):
    arrays = stored(layout)
    w = lh.LSTMWeights.from_arrays(arrays, layout)
    for part in (w.kernel, w.recurrent_kernel, w.bias):
        for view in part:
            assert any(np.shares_memory(view, array) for array in arrays)
    w.kernel.f[0, 1] = -7
    assert sum((array == -7).sum() for array in arrays) == 1


@pytest.mark.parametrize("layout", WITHOUT)
def test_without_bias(layout):
    arrays = stored(layout, ("kernel", "recurrent_kernel"))
    options = {"forget_bias": 0} if layout == "tf1" else {}
    w = lh.LSTMWeights.from_arrays(arrays, layout, **options)
    assert w.bias is None
    back = w.to_arrays(layout, **options)
    assert [a.tobytes() for a in back] == [a.tobytes() for a in arrays]
    with pytest.raises(ValueError, match="layout 'keras1': expected a bias, got none"):
        w.to_arrays("keras1")


def test_each_layout_brings_the_activation_of_its_gates():
    assert lh.LSTMWeights.from_arrays(stored("keras")).recurrent_activation == "sigmoid"
    old = lh.LSTMWeights.from_arrays(stored("keras1"), "keras1")
    assert old.recurrent_activation == "hard_sigmoid_keras1"
    told = lh.LSTMWeights.from_arrays(stored("keras1"), "keras1", recurrent_activation="sigmoid")
    assert told.recurrent_activation == "sigmoid"


DENSE = [np.ones((UNITS, 1), np.float32), np.ones(1, np.float32)]
KERAS, TORCH, ONNX = stored("keras"), stored("pytorch"), stored("onnx")
DEEPER = [np.ones((UNITS, 4 * UNITS), np.float32), *KERAS[1:]]
BOTH = [np.concatenate([array, array]) for array in ONNX]


@pytest.mark.parametrize(
    ("layout", "arrays", "message"),
    [
        ("keras", [], "got 0: is the layer built"),
        ("keras1", [], "got 0: is the layer built"),
        ("keras", KERAS[:1], r"got 1 of shapes \(3, 8\)$"),
        (
            "keras",
            KERAS + DENSE,
            r"got 5 .*\): are these a whole model's weights\? Take those of the",
        ),
        ("keras", KERAS[:2] + DENSE[:1], r"got 3 .*\): are these a whole model's weights"),
        ("keras", 2 * KERAS, r"got 6 .* 2 sets, one a layer.*forward first: .*\[0:3\], \[3:6\]$"),
        ("keras", KERAS + DEEPER, r"got 6 .* they are 2 sets, one a layer, or one a direction"),
        ("keras", 2 * TORCH, r"got 8 .*2 sets of layout 'pytorch', .*\[0:4\], \[4:8\]$"),
        ("keras", stored("keras1"), "got 12 .*: they would fit layout 'keras1'$"),
        ("keras", TORCH, "got 4 .*: they would fit layout 'pytorch'$"),
        ("keras", ONNX, "got 3 .*: they would fit layout 'onnx'$"),
        ("keras", stored("tf1"), "got 2 .*: they would fit layout 'tf1'$"),
        ("pytorch", stored("cudnn"), "got 3 .*: they would fit layout 'cudnn'$"),
        ("pytorch", KERAS, "got 3 .*: they would fit layout 'keras'$"),
        ("onnx", BOTH[:2], r"got 2 .*\): axis 0 has two directions"),
        ("onnx", [BOTH[0][..., 0], *BOTH[1:]], r"got 3 of shapes [^:]*$"),
        ("onnx", BOTH, r"axis 0 has two directions, forward and reverse: take one, array\[\[0\]\]"),
        ("onnx", [*ONNX, np.ones((1, 6), np.float32)], r"got 4 .* peepholes \(P\) are not repro"),
        ("onnx", [*ONNX, np.ones((4,), np.int32)], r"sequence_lens, initial states are given to"),
        ("keras1", KERAS, "of shapes .* of each gate .*fit layout 'keras'$"),
        ("keras1", stored("keras1")[:11], r"got 11 of shapes .*, \.\.\.$"),
        ("keras", [np.ones(3)] * 6, r"got 6 of shapes (\(3,\)(, )?){6}$"),
        ("keras", [np.ones(3)] * 7, r"got 7 of shapes (\(3,\), ){6}\.\.\.$"),
        ("onnx", [BOTH[0], *ONNX[1:]], "axis 0 has two directions"),
        ("onnx", [ONNX[0], BOTH[1], ONNX[2]], r"got 3 of shapes [^:]*$"),
        ("onnx", [ONNX[0], ONNX[1][0], *ONNX[1:]], r"\): take W, R and B of the node"),
    ],
)
def test_a_wrong_number_comes_with_a_hint(layout, arrays, message):
    with pytest.raises(ValueError, match=f"^layout '{layout}': expected .*{message}"):
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
    shapes = r"of shapes \(F, 4H\), \(H, 4H\), \(4H,\) \(F features, H units\), got 3 of shapes"
    with pytest.raises(ValueError, match=shapes):
        lh.LSTMWeights.from_arrays(arrays)


def test_twelve_arrays_grouped_by_kind_are_refused():
    arrays = stored("keras1")
    grouped = arrays[0::3] + arrays[1::3] + arrays[2::3]
    with pytest.raises(ValueError, match=r"expected 12 arrays, of .*, got 12 of shapes"):
        lh.LSTMWeights.from_arrays(grouped, "keras1")


def test_an_unknown_layout_names_the_known_ones():
    message = f"expected a layout of {', '.join(map(repr, ORDERS))}, got 'caffe'"
    with pytest.raises(ValueError, match=message):
        lh.LSTMWeights.from_arrays(stored("keras"), "caffe")
    with pytest.raises(ValueError, match=message):
        lh.LSTMWeights.from_arrays(stored("keras")).to_arrays("caffe")
