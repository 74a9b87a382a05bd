"""Layouts against the frameworks that they come from: the same arrays, the same function."""

import numpy as np
import pytest

import lstm_helpers as lh

ATOL = {"float32": 1e-6, "float64": 1e-13}


def reversed_trace(w, x):
    """Of a layer that reads from the end; its outputs in the order of ``x``."""
    return lh.replay(w, x[:, ::-1]).hidden[:, ::-1]


# PyTorch.


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("layers", "bidirectional"), [(1, False), (2, False), (1, True), (2, True)]
)
def test_pytorch(layers, bidirectional, bias, dtype):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    module = torch.nn.LSTM(
        3, 5, layers, bias=bias, batch_first=True, bidirectional=bidirectional,
        dtype=getattr(torch, dtype),
    )  # fmt: skip
    x = np.random.default_rng(0).normal(size=(4, 9, 3)).astype(dtype)
    with torch.no_grad():
        theirs = module(torch.from_numpy(x))[0].numpy()
    arrays = [parameter.detach().numpy() for parameter in module.parameters()]
    size = 4 if bias else 2
    sets = [arrays[n : n + size] for n in range(0, len(arrays), size)]
    weights = [lh.LSTMWeights.from_arrays(some, "pytorch") for some in sets]
    ours = x
    for n in range(0, len(weights), 1 + bidirectional):
        outputs = [lh.replay(weights[n], ours).hidden]
        if bidirectional:
            outputs.append(reversed_trace(weights[n + 1], ours))
        ours = np.concatenate(outputs, axis=2)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=ATOL[dtype])
    if len(sets) > 1:
        with pytest.raises(ValueError, match=f"they are {len(sets)} sets, one a layer, or one a"):
            lh.LSTMWeights.from_arrays(arrays, "pytorch")


def test_pytorch_packed():
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    module = torch.nn.LSTM(3, 5, batch_first=True)
    x = np.random.default_rng(0).normal(size=(4, 9, 3)).astype("float32")
    lengths = np.array([9, 7, 3, 1])
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        torch.from_numpy(x), torch.from_numpy(lengths), batch_first=True
    )
    with torch.no_grad():
        _, (hidden, cell) = module(packed)
    w = lh.LSTMWeights.from_arrays([p.detach().numpy() for p in module.parameters()], "pytorch")
    trace = lh.replay(w, x, mask=np.arange(9) < lengths[:, None])
    np.testing.assert_allclose(trace.hidden[:, -1], hidden[0].numpy(), rtol=0, atol=1e-6)
    np.testing.assert_allclose(trace.cell[:, -1], cell[0].numpy(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("bias", [True, False])
def test_ours_in_pytorch(bias):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape).astype("float32") for shape in ((3, 20), (5, 20), (20,))]
    w = lh.LSTMWeights.from_arrays(arrays[: 2 + bias])
    module = torch.nn.LSTM(3, 5, bias=bias, batch_first=True)
    with torch.no_grad():
        for parameter, array in zip(module.parameters(), w.to_arrays("pytorch"), strict=True):
            parameter.copy_(torch.from_numpy(array.copy()))
        x = rng.normal(size=(4, 9, 3)).astype("float32")
        theirs = module(torch.from_numpy(x))[0].numpy()
    np.testing.assert_allclose(lh.replay(w, x).hidden, theirs, rtol=0, atol=1e-6)


# ONNX Runtime.


def onnx_outputs(arrays, x, direction="forward", **attributes):
    """What the operator LSTM makes of ``x``: (batch, time, directions, units)."""
    onnx = pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    names = ["W", "R", "B"][: len(arrays)]
    node = onnx.helper.make_node(
        "LSTM", ["X", *names], ["Y"],
        hidden_size=arrays[1].shape[2], direction=direction, **attributes,
    )  # fmt: skip
    dtype = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [node],
        "one",
        [onnx.helper.make_tensor_value_info("X", dtype, (x.shape[1], x.shape[0], x.shape[2]))],
        [onnx.helper.make_tensor_value_info("Y", dtype, None)],
        [onnx.numpy_helper.from_array(a, name) for a, name in zip(arrays, names, strict=True)],
    )
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 14)], ir_version=9
    )
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (y,) = session.run(None, {"X": np.ascontiguousarray(x.transpose(1, 0, 2))})
    return y.transpose(2, 0, 1, 3)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
def test_onnx(direction, bias):
    rng = np.random.default_rng(2)
    ways = 1 + (direction == "bidirectional")
    shapes = ((ways, 20, 3), (ways, 20, 5), (ways, 40))[: 2 + bias]
    arrays = [rng.normal(size=shape).astype("float32") for shape in shapes]
    x = rng.normal(size=(4, 9, 3)).astype("float32")
    theirs = onnx_outputs(arrays, x, direction)
    for n in range(ways):
        w = lh.LSTMWeights.from_arrays([array[[n]] for array in arrays], "onnx")
        backward = direction == "reverse" or n == 1
        ours = reversed_trace(w, x) if backward else lh.replay(w, x).hidden
        np.testing.assert_allclose(ours, theirs[:, :, n], rtol=0, atol=1e-6)
    if ways == 2:
        with pytest.raises(ValueError, match="two directions, forward and reverse: take one"):
            lh.LSTMWeights.from_arrays(arrays, "onnx")


def test_onnx_with_hard_sigmoid():
    rng = np.random.default_rng(3)
    arrays = [rng.normal(size=s).astype("float32") for s in ((1, 20, 3), (1, 20, 5), (1, 40))]
    x = rng.normal(size=(4, 9, 3)).astype("float32")
    theirs = onnx_outputs(
        arrays, x, activations=["HardSigmoid", "Tanh", "Tanh"], activation_alpha=[0.2],
        activation_beta=[0.5],
    )  # fmt: skip
    w = lh.LSTMWeights.from_arrays(arrays, "onnx", recurrent_activation="hard_sigmoid_keras1")
    np.testing.assert_allclose(lh.replay(w, x).hidden, theirs[:, :, 0], rtol=0, atol=1e-6)


def test_the_order_of_onnx_taken_for_ours_is_another_function():
    rng = np.random.default_rng(2)
    arrays = [rng.normal(size=s).astype("float32") for s in ((1, 20, 3), (1, 20, 5), (1, 40))]
    x = rng.normal(size=(4, 9, 3)).astype("float32")
    mistaken = lh.LSTMWeights.from_arrays(
        [arrays[0][0], arrays[1][0], *np.split(arrays[2][0], 2)], "pytorch"
    )
    off = np.abs(lh.replay(mistaken, x).hidden - onnx_outputs(arrays, x)[:, :, 0]).max()
    assert off > 0.1


# TensorFlow 1 does not run here: its cell, written out as in rnn_cell_impl.py.


def basic_lstm_cell(matrix, bias, x, forget_bias=1.0):
    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    units = matrix.shape[1] // 4
    c = h = np.zeros((len(x), units))
    for x_t in x.transpose(1, 0, 2):
        i, j, f, o = np.split(np.concatenate([x_t, h], 1) @ matrix + bias, 4, axis=1)
        c = c * sigmoid(f + forget_bias) + sigmoid(i) * np.tanh(j)
        h = np.tanh(c) * sigmoid(o)
    return h


@pytest.mark.parametrize("forget_bias", [1.0, 0.0, 2.5])
def test_tensorflow_1(forget_bias):
    rng = np.random.default_rng(4)
    arrays = [rng.normal(size=(8, 20)), rng.normal(size=20)]
    x = rng.normal(size=(4, 9, 3))
    w = lh.LSTMWeights.from_arrays(arrays, "tf1", forget_bias=forget_bias)
    expected = basic_lstm_cell(*arrays, x, forget_bias)
    np.testing.assert_allclose(lh.replay(w, x).hidden[:, -1], expected, rtol=0, atol=1e-13)
