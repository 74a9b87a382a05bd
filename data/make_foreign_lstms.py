"""Make the three networks of notebook 09 that come from elsewhere, with what they answered.

Run by hand from the top of the repository, in an environment with PyTorch and ONNX Runtime (the
extra ``oracle``): ``python data/make_foreign_lstms.py``. Leaves ``foreign_lstms.npz`` here:

- ``keras1``: twelve arrays as Keras 1 returned them. Keras 1 can't be installed any more. So Keras
  3 trains a layer with the gates' function of that time, written out; its arrays are put in the
  old order.
- ``pytorch``: the state_dict of a trained nn.LSTM.
- ``onnx``: W, R and B of the operator LSTM, with the weights of the same nn.LSTM.

Beside each: 50 windows, and the last hidden states that Keras, PyTorch and ONNX Runtime computed.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

import lstm_helpers as lh

with lh.quiet():
    import keras

from lstm_helpers.course import forecaster

HERE = Path(__file__).parent
UNITS, EPOCHS, BATCH = 8, 3, 64


def windows():
    """Windows of the course, every fifth, with the change of temperature; 50 to compare on."""
    data = forecaster.load_data(HERE, horizon=6)
    part = data.parts["training"]["changping"]
    change = (part.future[:, 0] - part.inputs[:, -1, 0])[::5] / data.scaler.std[0]
    shown = data.scaled("test", "gucheng", 157)[:50]
    return data.scaled("training", "changping", 5), change.astype("float32"), shown


def old_keras(x, y, shown):
    """A layer with hard sigmoid gates as Keras 1 had them."""
    keras.utils.set_random_seed(0)

    def hard_sigmoid(z):
        return keras.ops.clip(0.2 * z + 0.5, 0.0, 1.0)

    layer = keras.layers.LSTM(UNITS, recurrent_activation=hard_sigmoid)
    model = keras.Sequential([keras.Input(x.shape[1:]), layer, keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0)
    kernel, recurrent, bias = layer.get_weights()
    parts = {gate: n for n, gate in enumerate("ifco")}
    columns = {gate: slice(n * UNITS, (n + 1) * UNITS) for gate, n in parts.items()}
    arrays = [array[..., columns[gate]] for gate in "icfo" for array in (kernel, recurrent, bias)]
    return arrays, np.asarray(layer(shown))


def torch_lstm(x, y, shown):
    """A trained nn.LSTM; its head is not kept."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    lstm, head = torch.nn.LSTM(x.shape[2], UNITS, batch_first=True), torch.nn.Linear(UNITS, 1)
    adam = torch.optim.Adam([*lstm.parameters(), *head.parameters()], lr=0.003)
    rng = np.random.default_rng(0)
    for _ in range(EPOCHS):
        for rows in np.array_split(rng.permutation(len(x)), len(x) // BATCH):
            adam.zero_grad()
            forecast = head(lstm(torch.from_numpy(x[rows]))[0][:, -1])[:, 0]
            ((forecast - torch.from_numpy(y[rows])) ** 2).mean().backward()
            adam.step()
    with torch.no_grad():
        hidden = lstm(torch.from_numpy(shown))[0][:, -1].numpy()
    return {name: part.numpy() for name, part in lstm.state_dict().items()}, hidden


def onnx_lstm(w, shown):
    """The arrays of the operator, and what ONNX Runtime says of them."""
    arrays = dict(zip("WRB", w.to_arrays("onnx"), strict=True))
    tensor = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("LSTM", ["x", "W", "R", "B"], ["", "h"], hidden_size=w.units)],
        "one",
        [onnx.helper.make_tensor_value_info("x", tensor, (shown.shape[1], None, w.input_dim))],
        [onnx.helper.make_tensor_value_info("h", tensor, None)],
        [onnx.numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "one.onnx"
        onnx.save(model, path)
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (hidden,) = session.run(["h"], {"x": np.ascontiguousarray(shown.swapaxes(0, 1))})
    return arrays, hidden[0]


def main() -> None:
    x, y, shown = windows()
    twelve, by_keras = old_keras(x, y, shown)
    state, by_torch = torch_lstm(x, y, shown)
    w = lh.LSTMWeights.from_arrays(list(state.values()), layout="pytorch")
    arrays, by_onnx = onnx_lstm(w, shown)
    np.savez_compressed(
        HERE / "foreign_lstms.npz",
        windows=shown,
        **{f"keras1/{n}": array for n, array in enumerate(twelve)},
        **{f"pytorch/{name}": array for name, array in state.items()},
        **{f"onnx/{name}": array for name, array in arrays.items()},
        **{"keras1/hidden": by_keras, "pytorch/hidden": by_torch, "onnx/hidden": by_onnx},
    )


if __name__ == "__main__":
    main()
