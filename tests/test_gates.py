"""The container: what it refuses, and what it says about itself."""

import dataclasses

import numpy as np
import pytest

import lstm_helpers as lh
from lstm_helpers import gates


def zeros(*shape, dtype=np.float32):
    return lh.Gates(*(np.zeros(shape, dtype) for _ in range(4)))


def fields(**changes):
    """Weights of 3 features and 2 units, as keyword arguments."""
    valid = {"kernel": zeros(3, 2), "recurrent_kernel": zeros(2, 2), "bias": zeros(2)}
    return {**valid, **changes}


def test_gates_are_named_in_the_order_of_keras():
    assert lh.Gates._fields == ("i", "f", "c", "o")
    assert lh.Gates(1, 2, 3, 4).c == 3


def test_sizes_come_from_the_arrays():
    w = lh.LSTMWeights(**fields())
    assert (w.input_dim, w.units, w.dtype) == (3, 2, np.float32)


@pytest.mark.parametrize(
    ("error", "message", "changes"),
    [
        pytest.param(
            TypeError, r"expected kernel as Gates\(i, f, c, o\), got list",
            {"kernel": [np.zeros((3, 2))] * 4}, id="not Gates",
        ),
        pytest.param(
            TypeError, r"expected bias as Gates\(i, f, c, o\), got ndarray of float64",
            {"bias": np.zeros(8)}, id="bias in one piece",
        ),
        pytest.param(
            TypeError, "expected kernel.f as an array of floats, got list",
            {"kernel": zeros(3, 2)._replace(f=[[0.0, 0.0]] * 3)}, id="a list",
        ),
        pytest.param(
            TypeError, "expected recurrent_kernel.i as an array of floats, got ndarray of int64",
            {"recurrent_kernel": zeros(2, 2, dtype=np.int64)}, id="integers",
        ),
        pytest.param(
            TypeError, "expected bias.i as an array of floats, got ndarray of complex64",
            {"bias": zeros(2, dtype=np.complex64)}, id="complex",
        ),
        pytest.param(
            TypeError, "expected one dtype in all arrays, got float32, float64",
            {"bias": zeros(2, dtype=np.float64)}, id="two dtypes",
        ),
        pytest.param(
            ValueError, r"expected kernel.i of shape \(input_dim, units\), got \(2,\)",
            {"kernel": zeros(2)}, id="kernel of one dimension",
        ),
        pytest.param(
            ValueError, r"expected kernel.i of shape \(input_dim, units\), got \(0, 2\)",
            {"kernel": zeros(0, 2)}, id="no features",
        ),
        pytest.param(
            ValueError, r"expected kernel.o of shape \(3, 2\), got \(2, 3\)",
            {"kernel": zeros(3, 2)._replace(o=np.zeros((2, 3), np.float32))}, id="one transposed",
        ),
        pytest.param(
            ValueError, r"expected recurrent_kernel.i of shape \(2, 2\), got \(3, 2\)",
            {"recurrent_kernel": zeros(3, 2)}, id="recurrent kernel not square",
        ),
        pytest.param(
            ValueError, r"expected bias.c of shape \(2,\), got \(1, 2\)",
            {"bias": zeros(2)._replace(c=np.zeros((1, 2), np.float32))}, id="bias as a row",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(error, message, changes):
    with pytest.raises(error, match=f"^{message}$"):
        lh.LSTMWeights(**fields(**changes))


def test_repr_is_one_line():
    assert repr(lh.LSTMWeights(**fields())) == (
        "LSTMWeights(input_dim=3, units=2, bias=True, dtype=float32, "
        "activation='tanh', recurrent_activation='sigmoid')"
    )


def test_repr_names_what_else_decides_the_output():
    w = lh.LSTMWeights(**fields(bias=None), activation="relu", go_backwards=True, stateful=True)
    assert repr(w) == (
        "LSTMWeights(input_dim=3, units=2, bias=False, dtype=float32, "
        "activation='relu', recurrent_activation='sigmoid', go_backwards=True, stateful=True)"
    )
    assert "zero_output_for_mask=True" in repr(dataclasses.replace(w, zero_output_for_mask=True))


def test_fields_cannot_be_rebound():
    w = lh.LSTMWeights(**fields())
    with pytest.raises(dataclasses.FrozenInstanceError):
        w.kernel = zeros(3, 2)


def test_two_of_the_same_numbers_are_two():
    """Arrays have no one answer to ==, so weights are compared by identity."""
    w = lh.LSTMWeights(**fields())
    assert w == w
    assert w != dataclasses.replace(w)
    assert len({w, w, dataclasses.replace(w)}) == 2


@pytest.mark.parametrize("bias", [zeros(2), None])
def test_from_arrays_gives_what_the_constructor_gives(bias):
    w = lh.LSTMWeights(**fields(bias=bias))
    for arrays in (w.to_arrays(), [array.tolist() for array in w.to_arrays()]):
        again = lh.LSTMWeights.from_arrays(arrays)
        assert len(again.to_arrays()) == len(arrays)
        for one, other in zip(again.to_arrays(), w.to_arrays(), strict=True):
            np.testing.assert_array_equal(one, other)
        for name in (field.name for field in dataclasses.fields(w)):
            if name not in ("kernel", "recurrent_kernel", "bias"):
                assert getattr(again, name) == getattr(w, name)
    told = lh.LSTMWeights.from_arrays(w.to_arrays(), recurrent_activation="tanh")
    assert told.recurrent_activation == "tanh"


def test_an_unknown_layout_is_refused_both_ways():
    w = lh.LSTMWeights(**fields())
    message = r"^expected a layout of 'keras', 'keras1'.*, got 'caffe'$"
    with pytest.raises(ValueError, match=message):
        w.to_arrays("caffe")
    with pytest.raises(ValueError, match=message):
        lh.LSTMWeights.from_arrays(w.to_arrays(), "caffe")


def test_a_layout_that_always_has_a_bias_asks_for_one():
    w = lh.LSTMWeights(**fields())
    assert len(w.to_arrays("keras1")) == 12
    bare = lh.LSTMWeights(**fields(bias=None))
    with pytest.raises(ValueError, match=r"^layout 'keras1': expected a bias, got none: it alwa"):
        bare.to_arrays("keras1")
    assert len(bare.to_arrays("pytorch")) == 2


def test_from_arrays_passes_options_on():
    arrays = lh.LSTMWeights(**fields()).to_arrays()
    options = {"activation": "relu", "go_backwards": True, "stateful": True}
    options |= {"zero_output_for_mask": True, "compute_dtype": "float16"}
    w = lh.LSTMWeights.from_arrays(arrays, **options)
    assert {name: getattr(w, name) for name in options} == options


# Norms, by hand: 3 features, 2 units, no gate like another, no matrix like its transpose.


def by_gate(*arrays, dtype=np.float64):
    return lh.Gates(*(np.array(array, dtype) for array in arrays))


KERNEL = by_gate(
    [[3, 0], [4, 0], [0, 12]],
    [[1, 2], [2, 1], [1, -5]],
    [[2, 0], [0, 1], [0, 2]],
    [[0, -6], [8, 0], [0, 0]],
)
RECURRENT = by_gate([[0, 2], [0, 0]], [[3, 0], [0, -4]], [[1, 1], [1, 1]], [[0, 8], [6, 0]])
BIAS = by_gate([3, 4], [0, -1], [5, 12], [0, 0])
NAMES = [f"{array}_{gate}" for array in "WUb" for gate in "ifco"]
# Squares, so that the roots need no digits.
SQUARES = {
    "fro": [169, 36, 9, 100, 4, 25, 4, 100, 25, 1, 169, 0],
    # W_f: the largest root of s^2 - 36 s + 179.
    "spectral": [144, 18 + 145**0.5, 5, 64, 4, 16, 4, 64, 25, 1, 169, 0],
    "rms": [169 / 6, 6, 9 / 6, 100 / 6, 1, 25 / 4, 1, 25, 12.5, 0.5, 84.5, 0],
}


def hand_made(dtype=np.float64, bias=BIAS):
    parts = (KERNEL, RECURRENT, bias)
    return lh.LSTMWeights(*(p and lh.Gates(*(a.astype(dtype) for a in p)) for p in parts))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("ord", SQUARES)
def test_the_twelve_norms_are_those_by_hand(ord, dtype):
    norms = lh.gate_norms(hand_made(dtype), ord)
    assert list(norms) == NAMES
    assert all(type(norm) is float for norm in norms.values())
    np.testing.assert_allclose(list(norms.values()), np.sqrt(SQUARES[ord]), rtol=1e-14)


def test_each_norm_has_a_name_for_figures():
    assert gates.NORMS == {
        "fro": "Frobenius norm",
        "spectral": "spectral norm",
        "rms": "root mean square",
    }
    assert list(gates.NORMS) == list(SQUARES)


def test_frobenius_is_the_default():
    assert lh.gate_norms(hand_made()) == lh.gate_norms(hand_made(), "fro")


@pytest.mark.parametrize("ord", SQUARES)
def test_without_bias_there_are_eight_norms(ord):
    norms, eight = lh.gate_norms(hand_made(), ord), lh.gate_norms(hand_made(bias=None), ord)
    assert eight == {name: norms[name] for name in NAMES[:8]}


def test_float16_is_squared_in_float64():
    big = hand_made(np.float16, bias=None)
    big = dataclasses.replace(big, kernel=big.kernel._replace(i=big.kernel.i * np.float16(4000)))
    assert lh.gate_norms(big)["W_i"] == 52_000
    assert lh.feature_norms(big).i[2] == 48_000
    assert lh.unit_norms(big).i[0] == 20_000


@pytest.mark.parametrize("ord", [2, None, "frobenius", ["fro"]])
def test_another_norm_is_refused(ord):
    with pytest.raises(ValueError, match=r"^expected ord of 'fro', 'spectral', 'rms', got "):
        lh.gate_norms(hand_made(), ord)


def test_feature_norms_are_the_rows_of_the_kernel():
    norms = lh.feature_norms(hand_made())
    assert norms._fields == tuple("ifco")
    np.testing.assert_allclose(norms.i, [3, 4, 12])
    np.testing.assert_allclose(norms.f, np.sqrt([5, 5, 26]))
    np.testing.assert_allclose(norms.c, [2, 1, 2])
    np.testing.assert_allclose(norms.o, [6, 8, 0])


@pytest.mark.parametrize("bias", [BIAS, None])
def test_unit_norms_are_the_columns_of_both_kernels_and_not_the_bias(bias):
    norms = lh.unit_norms(hand_made(bias=bias))
    assert norms._fields == tuple("ifco")
    np.testing.assert_allclose(norms.i, np.sqrt([25, 144 + 4]))
    np.testing.assert_allclose(norms.f, np.sqrt([6 + 9, 30 + 16]))
    np.testing.assert_allclose(norms.c, np.sqrt([4 + 2, 5 + 2]))
    np.testing.assert_allclose(norms.o, np.sqrt([64 + 36, 36 + 64]))


def test_norms_of_parts_add_up_to_those_of_the_whole():
    rng = np.random.default_rng(0)
    shapes = [(5, 8), (8, 8), (8,)]
    w = lh.LSTMWeights(*(lh.Gates(*rng.normal(size=(4, *shape))) for shape in shapes))
    norms = lh.gate_norms(w)
    for gate in "ifco":
        rows, columns = getattr(lh.feature_norms(w), gate), getattr(lh.unit_norms(w), gate)
        assert (rows.shape, columns.shape) == ((5,), (8,))
        assert (rows**2).sum() == pytest.approx(norms[f"W_{gate}"] ** 2)
        assert (columns**2).sum() == pytest.approx(
            norms[f"W_{gate}"] ** 2 + norms[f"U_{gate}"] ** 2
        )
        largest = np.linalg.svd(getattr(w.kernel, gate), compute_uv=False)[0]
        assert lh.gate_norms(w, "spectral")[f"W_{gate}"] == pytest.approx(largest)


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("ord", SQUARES)
def test_what_is_not_finite_shows_in_its_norm_and_in_no_other(ord, bad, dtype):
    w = hand_made(dtype)
    w.kernel.f[1, 0] = w.recurrent_kernel.o[1, 1] = w.bias.c[0] = bad
    hit = {"W_f", "U_o", "b_c"}
    for name, norm in lh.gate_norms(w, ord).items():
        if name in hit:
            np.testing.assert_equal(norm, bad)
        else:
            assert np.isfinite(norm)
    np.testing.assert_equal(lh.feature_norms(w).f[1], bad)
    assert np.count_nonzero(~np.isfinite(np.stack(lh.feature_norms(w)))) == 1
    np.testing.assert_equal(np.stack(lh.unit_norms(w))[[1, 3], [0, 1]], [bad, bad])
    assert np.count_nonzero(~np.isfinite(np.stack(lh.unit_norms(w)))) == 2


@pytest.mark.parametrize("function", [lh.gate_norms, lh.feature_norms, lh.unit_norms])
def test_norms_take_weights_and_leave_them_alone(function):
    with pytest.raises(TypeError, match=r"^expected LSTMWeights, got list$"):
        function([np.zeros((3, 8))])
    w = hand_made()
    function(w)
    assert all(map(np.array_equal, w.kernel, KERNEL))


# What a cell of TensorFlow 1 adds to its forget gate when it runs.

CELL = [np.arange(20.0).reshape(5, 4) / 10, np.array([1.0, 2, 3, 4])]  # i, c, f, o; 4 features


def test_what_the_cell_adds_is_added_and_taken_off_again():
    for given, added in (({}, 1.0), ({"forget_bias": 2.5}, 2.5), ({"forget_bias": 0}, 0.0)):
        w = lh.LSTMWeights.from_arrays(CELL, "tf1", **given)
        assert [float(b[0]) for b in w.bias] == [1, 3 + added, 2, 4]
        assert (w.input_dim, w.units, w.dtype) == (4, 1, np.float64)
        for one, other in zip(w.to_arrays("tf1", **given), CELL, strict=True):
            np.testing.assert_array_equal(one, other, strict=True)
        # Other layouts have it in the bias.
        assert w.to_arrays()[2].tolist() == [1, 3 + added, 2, 4]
    assert CELL[1].tolist() == [1, 2, 3, 4]


def test_what_the_cell_adds_where_there_is_no_bias():
    w = lh.LSTMWeights.from_arrays([CELL[0].astype("float32")], "tf1")
    assert [b.tolist() for b in w.bias] == [[0], [1], [0], [0]]
    assert w.bias.f.dtype == "float32"
    assert lh.LSTMWeights.from_arrays(CELL[:1], "tf1", forget_bias=0.0).bias is None
    bare = lh.LSTMWeights(w.kernel, w.recurrent_kernel)
    matrix, bias = bare.to_arrays("tf1")
    assert (bias.tolist(), bias.dtype) == ([0, 0, -1, 0], "float32")
    assert [a.shape for a in bare.to_arrays("tf1", forget_bias=0)] == [matrix.shape]


@pytest.mark.parametrize("way", ["from_arrays", "to_arrays"])
def test_a_layout_that_adds_nothing_takes_no_forget_bias(way):
    w = lh.LSTMWeights.from_arrays(CELL, "tf1")

    def call(layout, given):
        if way == "from_arrays":
            return lh.LSTMWeights.from_arrays(w.to_arrays(layout), layout, forget_bias=given)
        return w.to_arrays(layout, forget_bias=given)

    for given in (1.0, 0.0):
        with pytest.raises(
            ValueError, match=f"^layout 'onnx': expected no forget_bias, got {given}"
        ):
            call("onnx", given)
    with pytest.raises(TypeError, match=r"^expected forget_bias as a number, got '1'$"):
        call("tf1", "1")
    with pytest.raises(ValueError, match=r"^expected forget_bias as a finite number, got nan$"):
        call("tf1", np.nan)


@pytest.mark.parametrize("name", ["go_backwards", "stateful", "zero_output_for_mask"])
@pytest.mark.parametrize("given", ["no", 0, None])
def test_a_switch_is_true_or_false(name, given):
    arrays = [np.ones((2, 12)), np.ones((3, 12))]
    message = f"^expected {name} as True or False, got {given!r}$"
    with pytest.raises(TypeError, match=message):
        lh.LSTMWeights.from_arrays(arrays, **{name: given})
    assert f"{name}=True" in repr(lh.LSTMWeights.from_arrays(arrays, **{name: np.bool_(True)}))


@pytest.mark.parametrize("given", [{"kernel": np.ones((2, 12))}, None, "arrays"])
def test_arrays_come_in_a_list(given):
    message = f"^expected arrays as a list of arrays, got {type(given).__name__}$"
    with pytest.raises(TypeError, match=message):
        lh.LSTMWeights.from_arrays(given)


def test_a_layout_is_a_name():
    with pytest.raises(ValueError, match=r"^expected a layout of 'keras', .*, got \['keras'\]$"):
        lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.ones((3, 12))], ["keras"])
