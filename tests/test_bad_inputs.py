"""Bad inputs at every public door: one clear error each, and nothing has changed after it."""

import re
from dataclasses import replace
from types import SimpleNamespace

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from common import TOP
from test_import import public

import lstm_helpers as lh
from lstm_helpers import keras_tools, memory, patching, plots

with lh.quiet():
    import keras
    from keras import layers

# ruff: noqa: E501
# A row of the table is a call and what it says, and as long as these are.

NAMES = {"lh": lh, "np": np, "layers": layers, "replace": replace}
NAMES |= {"keras_tools": keras_tools, "memory": memory, "patching": patching, "plots": plots}


def environment(folder):
    """What the calls below get: a layer in a model, its weights, windows, functions, files."""
    keras.utils.clear_session()  # else Keras' names count on from those of other tests
    keras.utils.set_random_seed(0)
    layer = layers.LSTM(4, name="lstm")
    model = keras.Sequential([keras.Input((6, 2)), layer, layers.Dense(3)])
    bare = layers.LSTM(4, use_bias=False, name="bare")
    bare.build((None, 6, 2))
    w = lh.gate_weights(layer)
    x = np.random.default_rng(0).normal(size=(5, 6, 2)).astype("float32")
    readout = lh.Readout(w, np.ones(4))
    (folder / "model.pt").write_bytes(b"\x80\x04pickle")
    whole = (TOP / "tests/fixtures/keras2.keras").read_bytes()
    (folder / "cut.keras").write_bytes(whole[:-200])
    (folder / "text.npz").write_text("no zip")
    return SimpleNamespace(
        layer=layer,
        model=model,
        bare=bare,
        w=w,
        x=x,
        arrays=layer.get_weights(),
        folder=folder,
        dense=keras.Sequential([keras.Input((6, 2)), layers.Flatten(), layers.Dense(1)]),
        other=lh.LSTMWeights.from_arrays(
            [np.ones((3, 12), "f4"), np.ones((3, 12), "f4"), np.ones(12, "f4")]
        ),
        trace=lh.replay(w, x),
        readout=readout,
        forward=readout.forward,
        gradient=readout.gradient,
        error=lambda z: float(np.abs(readout.forward(z)).mean()),
        fit=lambda inputs, targets, seed: readout.forward,
    )


GATES_WANTED = "expected a built keras.layers.LSTM, or keras.layers.RNN around one LSTMCell, got "

# The call; the error; what it says, or how that begins.
BAD = [
    (
        "lh.gate_weights(None)",
        TypeError,
        "expected a built keras.layers.LSTM, or keras.layers.RNN around one LSTMCell, got None",
    ),
    (
        "lh.gate_weights(e.model)",
        TypeError,
        "expected a built keras.layers.LSTM, or keras.layers.RNN around one LSTMCell, got a model (Sequential): pass one of its layers, model.layers[0]",
    ),
    (
        "lh.gate_weights(layers.GRU(2))",
        TypeError,
        "expected a built keras.layers.LSTM, or keras.layers.RNN around one LSTMCell, got GRU around GRUCell",
    ),
    (
        "lh.gate_weights(layers.LSTM(2))",
        ValueError,
        "expected a built keras.layers.LSTM, or keras.layers.RNN around one LSTMCell, got 'lstm",
    ),
    (
        "lh.gate_weights(layers.Bidirectional(layers.LSTM(2)))",
        TypeError,
        "expected a built keras.layers.LSTM, or keras.layers.RNN around one LSTMCell, got Bidirectional: read its two layers one by one, layer.forward_layer and layer.backward_layer",
    ),
    (
        'lh.gate_weights({"kernel": 1})',
        TypeError,
        "expected a built keras.layers.LSTM, or keras.layers.RNN around one LSTMCell, got dict",
    ),
    (
        "lh.gate_weights(layers.RNN([layers.LSTMCell(2), layers.LSTMCell(2)]))",
        TypeError,
        "expected a built keras.layers.LSTM, or keras.layers.RNN around one LSTMCell, got RNN around StackedRNNCells",
    ),
    ("lh.set_gate_weights(e.layer, e.arrays)", TypeError, "expected LSTMWeights, got list"),
    (
        "lh.set_gate_weights(e.layer, replace(e.w, go_backwards=True))",
        ValueError,
        "expected go_backwards=False like the layer, got True: the same numbers would compute something else (if you mean it, dataclasses.replace(w, go_backwards=False))",
    ),
    (
        'lh.set_gate_weights(e.layer, replace(e.w, activation="relu"))',
        ValueError,
        "expected activation='tanh' like the layer, got 'relu': the same numbers would compute something else (if you mean it, dataclasses.replace(w, activation='tanh'))",
    ),
    (
        "lh.set_gate_weights(e.layer, replace(e.w, bias=None))",
        ValueError,
        "expected weights with bias like the layer, got without bias",
    ),
    (
        "lh.set_gate_weights(e.layer, lh.LSTMWeights.from_arrays([a.astype(float) for a in e.arrays]))",
        TypeError,
        "expected float32 or narrower, got float64: that would be rounded",
    ),
    (
        "lh.set_gate_weights(e.layer, lh.LSTMWeights.from_arrays([a * np.float32(np.nan) for a in e.arrays]))",
        ValueError,
        "expected finite values in kernel, got 32 NaN or infinite",
    ),
    (
        "lh.set_gate_weights(e.layer, e.other)",
        ValueError,
        "expected input_dim=2, units=4 like the layer, got input_dim=3, units=3",
    ),
    (
        "lh.set_gate_weights(e.w, e.layer)",
        TypeError,
        "expected a built keras.layers.LSTM, or keras.layers.RNN around one LSTMCell, got LSTMWeights of lstm_helpers",
    ),
    (
        'lh.set_forget_bias(e.layer, "5")',
        TypeError,
        "expected the forget bias as real numbers, got str",
    ),
    (
        "lh.set_forget_bias(e.layer, None)",
        TypeError,
        "expected the forget bias as real numbers, got NoneType",
    ),
    (
        "lh.set_forget_bias(e.layer, [1, 2])",
        ValueError,
        "expected one forget bias, or one for each of 4 units, got shape (2,)",
    ),
    (
        "lh.set_forget_bias(e.layer, [[1, 2], [3]])",
        TypeError,
        "expected the forget bias as real numbers, got rows of different lengths",
    ),
    (
        "lh.set_forget_bias(e.layer, np.nan)",
        ValueError,
        "expected a finite forget bias, got 1 NaN or infinite",
    ),
    (
        "lh.set_forget_bias(e.layer, 1e39)",
        ValueError,
        "expected a forget bias that float32 holds, up to 3.40282e+38, got 1e+39",
    ),
    (
        "lh.set_forget_bias(e.layer, 10**30 * 10**30)",
        TypeError,
        "expected the forget bias as real numbers, got int",
    ),
    (
        "lh.set_forget_bias(e.layer, True)",
        TypeError,
        "expected the forget bias as real numbers, got bool",
    ),
    (
        'lh.set_forget_bias(e.layer, {"f": 1})',
        TypeError,
        "expected the forget bias as real numbers, got dict",
    ),
    (
        "lh.set_forget_bias(e.layer, np.ma.masked_array([1.0, 2, 3, 4], [0, 1, 0, 0]))",
        TypeError,
        "expected the forget bias as real numbers, got a masked array",
    ),
    (
        "lh.set_forget_bias(e.bare, 1.0)",
        ValueError,
        "expected a layer with a bias, got 'bare' with use_bias=False",
    ),
    ("lh.lstm_layers(None)", TypeError, "expected a Keras model or layer, got NoneType"),
    ("lh.lstm_layers([e.layer])", TypeError, "expected a Keras model or layer, got list"),
    (
        "lh.lstm_layers(e.dense)",
        ValueError,
        "expected a model with an LSTM, got no recurrent layer",
    ),
    (
        'lh.LSTMWeights.from_arrays(e.arrays, layout=["keras"])',
        ValueError,
        "expected a layout of 'keras', 'keras1', 'cudnn', 'pytorch', 'onnx', 'tf1', got ['keras']",
    ),
    (
        'lh.LSTMWeights.from_arrays(e.arrays, layout="tensorflow")',
        ValueError,
        "expected a layout of 'keras', 'keras1', 'cudnn', 'pytorch', 'onnx', 'tf1', got 'tensorflow'",
    ),
    (
        'lh.LSTMWeights.from_arrays(e.arrays, layout="pytorch")',
        ValueError,
        "layout 'pytorch': expected 4 arrays or 2 without bias, of shapes (4H, F), (4H, H), (4H,), (4H,) (F features, H units), got 3 of shapes (2, 16), (4, 16), (16,): they would fit layout 'keras'",
    ),
    (
        "lh.LSTMWeights.from_arrays(e.arrays[:1])",
        ValueError,
        "layout 'keras': expected 3 arrays or 2 without bias, of shapes (F, 4H), (H, 4H), (4H,) (F features, H units), got 1 of shapes (2, 16)",
    ),
    (
        'lh.LSTMWeights.from_arrays({"kernel": e.arrays[0]})',
        TypeError,
        "expected arrays as a list of arrays, got dict",
    ),
    (
        "lh.LSTMWeights.from_arrays(None)",
        TypeError,
        "expected arrays as a list of arrays, got NoneType",
    ),
    (
        "lh.LSTMWeights.from_arrays([e.arrays[0].astype(complex), *e.arrays[1:]])",
        TypeError,
        "expected arrays[0] as real numbers, got dtype complex128",
    ),
    (
        "lh.LSTMWeights.from_arrays([[[1, 2], [3]], *e.arrays[1:]])",
        TypeError,
        "expected arrays[0] as real numbers, got rows of different lengths",
    ),
    (
        "lh.LSTMWeights.from_arrays(e.arrays, forget_bias=1.0)",
        ValueError,
        "layout 'keras': expected no forget_bias, got 1.0: it adds none",
    ),
    (
        'lh.LSTMWeights.from_arrays(e.arrays, go_backwards="no")',
        TypeError,
        "expected go_backwards as True or False, got 'no'",
    ),
    (
        "lh.LSTMWeights.from_arrays([np.ma.masked_invalid(a * np.nan) for a in e.arrays])",
        TypeError,
        "expected arrays[0] as real numbers, got a masked array",
    ),
    (
        'e.w.to_arrays("icfo")',
        ValueError,
        "expected a layout of 'keras', 'keras1', 'cudnn', 'pytorch', 'onnx', 'tf1', got 'icfo'",
    ),
    (
        'e.w.to_arrays(["keras"])',
        ValueError,
        "expected a layout of 'keras', 'keras1', 'cudnn', 'pytorch', 'onnx', 'tf1', got ['keras']",
    ),
    (
        'replace(e.w, bias=None).to_arrays("keras1")',
        ValueError,
        "layout 'keras1': expected a bias, got none: it always has one",
    ),
    (
        'e.w.to_arrays("tf1", forget_bias="1")',
        TypeError,
        "expected forget_bias as a number, got '1'",
    ),
    ("lh.gate_norms(e.arrays)", TypeError, "expected LSTMWeights, got list"),
    (
        'lh.gate_norms(e.w, ord="l2")',
        ValueError,
        "expected ord of 'fro', 'spectral', 'rms', got 'l2'",
    ),
    ("lh.feature_norms(None)", TypeError, "expected LSTMWeights, got NoneType"),
    ("lh.unit_norms(e.layer)", TypeError, "expected LSTMWeights, got LSTM"),
    ("lh.replay(e.layer, e.x)", TypeError, "expected LSTMWeights, got LSTM"),
    (
        "lh.replay(e.w, e.x[0])",
        ValueError,
        "expected x of shape (batch, time, features), got (6, 2)",
    ),
    ("lh.replay(e.w, e.x[..., :1])", ValueError, "expected 2 features in x, got 1"),
    (
        "lh.replay(e.w, e.x[:, :0])",
        ValueError,
        "expected at least one step in x, got shape (5, 0, 2)",
    ),
    ('lh.replay(e.w, "x")', TypeError, "expected x as real numbers, got str"),
    (
        "lh.replay(e.w, [[[1, 2], [3]]])",
        TypeError,
        "expected x as real numbers, got rows of different lengths",
    ),
    ('lh.replay(e.w, {"x": e.x})', TypeError, "expected x as real numbers, got dict"),
    (
        "lh.replay(e.w, e.x.astype(complex))",
        TypeError,
        "expected x as real numbers, got dtype complex128",
    ),
    (
        "lh.replay(e.w, np.ma.masked_array(e.x, e.x > 0))",
        TypeError,
        "expected x as real numbers, got a masked array",
    ),
    (
        "lh.replay(e.w, e.x, initial_state=e.x)",
        ValueError,
        "expected initial_state as (hidden, cell), got ndarray",
    ),
    (
        "lh.replay(e.w, e.x, initial_state=(np.zeros((1, 4)), np.zeros((5, 4))))",
        ValueError,
        "expected two arrays of shape (5, 4) in initial_state, got [(1, 4), (5, 4)]",
    ),
    (
        "lh.replay(replace(e.w, stateful=True), e.x)",
        ValueError,
        "expected an initial_state for a stateful layer, which starts where its last batch ended, got none: pass zeros for a new start",
    ),
    (
        'lh.replay(replace(e.w, activation="gelu"), e.x)',
        ValueError,
        "expected activation to be one of tanh, sigmoid, relu, linear, hard_sigmoid, hard_sigmoid_keras1, got 'gelu'",
    ),
    (
        'lh.replay(replace(e.w, compute_dtype="bfloat16"), e.x)',
        ValueError,
        "expected a layer that computes in the dtype of its weights, float32, got compute_dtype='bfloat16': mixed precision is not reproduced",
    ),
    (
        "lh.replay(e.w, e.x, mask=np.ones(6, bool))",
        ValueError,
        "expected mask of shape (5, 6), got (6,)",
    ),
    (
        "lh.replay(e.w, e.x, mask=np.full((5, 6), np.nan))",
        ValueError,
        "expected mask of True and False, got nan",
    ),
    (
        "lh.replay(e.w, e.x, mask=np.full((5, 6), 0.5))",
        ValueError,
        "expected mask of True and False, got 0.5",
    ),
    (
        "lh.replay(e.w, e.x, mask=np.full((5, 6), 2))",
        ValueError,
        "expected mask of True and False, got 2",
    ),
    ('lh.replay(e.w, e.x, mask="all")', TypeError, "expected mask as real numbers, got str"),
    (
        "lh.input_jacobian(e.w, e.x, np.ones(4))",
        ValueError,
        "expected head of shape (4, outputs), got (4,)",
    ),
    (
        "lh.input_jacobian(e.w, e.x, np.ones((4, 0)))",
        ValueError,
        "expected head of shape (4, outputs), got (4, 0)",
    ),
    ("lh.input_jacobian(e.w, e.x, None)", TypeError, "expected head as real numbers, got NoneType"),
    (
        "lh.input_jacobian(replace(e.w, stateful=True), e.x, np.ones((4, 1)))",
        ValueError,
        "expected an initial_state for a stateful layer, which starts where its last batch ended, got none: pass zeros for a new start",
    ),
    ("lh.Readout(e.layer, np.ones(4))", TypeError, "expected LSTMWeights, got LSTM"),
    ("lh.Readout(e.w, np.ones(3))", ValueError, "expected head of shape (4,) or (4, 1), got (3,)"),
    (
        "lh.Readout(e.w, np.ones((4, 2)))",
        ValueError,
        "expected head of shape (4,) or (4, 1), got (4, 2): take one column, head[:, [0]]",
    ),
    (
        "lh.Readout(e.w, np.ones(4), bias=np.nan)",
        ValueError,
        "expected bias as a finite number, got nan",
    ),
    ("lh.Readout(e.w, np.ones(4), bias=True)", TypeError, "expected bias as a number, got True"),
    (
        "lh.Readout(e.w, np.ones(4), bias=10**400)",
        ValueError,
        "expected bias within ±3.403e+38, what float32 can hold, got 10000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
    ),
    (
        "lh.Readout(replace(e.w, stateful=True), np.ones(4))",
        ValueError,
        "expected a layer that starts each window from zeros, got a stateful one",
    ),
    (
        "lh.Readout(e.w, np.ones(4)).forward(e.x[0])",
        ValueError,
        "expected x of shape (batch, time, features), got (6, 2)",
    ),
    (
        'lh.Readout(e.w, np.ones(4)).gradient({"x": 1})',
        TypeError,
        "expected x as real numbers, got dict",
    ),
    (
        "lh.saliency(e.w, e.x)",
        TypeError,
        "expected gradient as a function of windows, got LSTMWeights",
    ),
    (
        "lh.saliency(e.gradient, e.x[0])",
        ValueError,
        "expected inputs of shape (batch, time, features), got (6, 2)",
    ),
    (
        "lh.saliency(e.forward, e.x)",
        ValueError,
        "expected gradient to return shape (5, 6, 2), got shape (5,)",
    ),
    (
        "lh.saliency(e.gradient, [[[1, 2], [3]]])",
        TypeError,
        "expected inputs as real numbers, got rows of different lengths",
    ),
    (
        "lh.integrated_gradients(None, e.x)",
        TypeError,
        "expected gradient as a function of windows, got NoneType",
    ),
    (
        "lh.integrated_gradients(e.gradient, e.x, baselines=np.zeros(5))",
        ValueError,
        "expected baselines that broadcast to (5, 6, 2), the shape of the inputs or to (samples, *that), got (5,)",
    ),
    (
        "lh.integrated_gradients(e.gradient, e.x, baselines=np.nan)",
        ValueError,
        "expected baselines of finite float32 numbers, got nan",
    ),
    (
        "lh.integrated_gradients(e.gradient, e.x, baselines=np.inf)",
        ValueError,
        "expected baselines of finite float32 numbers, got inf",
    ),
    (
        'lh.integrated_gradients(e.gradient, e.x, baselines="mean")',
        TypeError,
        "expected baselines as real numbers, got str",
    ),
    (
        "lh.integrated_gradients(e.gradient, e.x, n_steps=0)",
        ValueError,
        "expected n_steps as a whole number of at least 1, got 0",
    ),
    (
        "lh.integrated_gradients(e.gradient, e.x, n_steps=50.0)",
        ValueError,
        "expected n_steps as a whole number of at least 1, got 50.0",
    ),
    (
        "lh.integrated_gradients(e.gradient, e.x, return_convergence_delta=True)",
        ValueError,
        "expected forward with return_convergence_delta, got None",
    ),
    (
        "lh.integrated_gradients(e.forward, e.x)",
        ValueError,
        "expected gradient to return shape (250, 6, 2), got shape (250,)",
    ),
    (
        "lh.integrated_gradients(e.gradient, e.x, forward=e.x)",
        TypeError,
        "expected forward as a function of windows, got ndarray",
    ),
    (
        "lh.occlusion(e.forward, e.x, window=1)",
        ValueError,
        "expected window as (steps, features) from (1, 1) to (6, 2), got 1",
    ),
    (
        "lh.occlusion(e.forward, e.x, window=(7, 1))",
        ValueError,
        "expected window as (steps, features) from (1, 1) to (6, 2), got (7, 1)",
    ),
    (
        "lh.occlusion(e.gradient, e.x)",
        ValueError,
        "expected forward to return shape (5,), got shape (5, 6, 2)",
    ),
    (
        "lh.occlusion(e.forward, e.x, baselines=np.zeros((0, 5, 6, 2)))",
        ValueError,
        "expected baselines that broadcast to (5, 6, 2), the shape of the inputs or to (samples, *that), got (0, 5, 6, 2)",
    ),
    (
        "lh.occlusion(e.forward, e.x, baselines=[[1, 2], [3]])",
        TypeError,
        "expected baselines as real numbers, got rows of different lengths",
    ),
    (
        "lh.permutation(e.forward, e.x)",
        ValueError,
        "expected error to return one number, got shape (5,)",
    ),
    (
        "lh.permutation(e.error, e.x[:1])",
        ValueError,
        "expected at least 2 windows to shuffle, got 1",
    ),
    (
        'lh.permutation(e.error, e.x, axis="time")',
        ValueError,
        "expected axis of 'lag', 'feature', got 'time'",
    ),
    (
        "lh.permutation(e.error, e.x, groups=[None] * 5)",
        ValueError,
        "expected a group for each window, got None",
    ),
    (
        "lh.permutation(e.error, e.x, groups=[np.nan] * 5)",
        ValueError,
        "expected a group for each window, got nan",
    ),
    (
        "lh.permutation(e.error, e.x, groups=np.arange(5))",
        ValueError,
        "expected a group of at least 2 windows to shuffle, got each window alone",
    ),
    (
        "lh.permutation(e.error, e.x, groups=[0, 0])",
        ValueError,
        "expected a group for each window, (5,), got (2,)",
    ),
    (
        "lh.permutation(e.error, e.x, together=[])",
        ValueError,
        "expected at least one set of lags in together, got none",
    ),
    (
        "lh.permutation(e.error, e.x, together=[[6]])",
        ValueError,
        "expected sets of different lags from 0 to 5 in together, got [6]",
    ),
    (
        "lh.permutation(e.error, e.x, repeats=0)",
        ValueError,
        "expected repeats as a whole number of at least 1, got 0",
    ),
    (
        "lh.permutation(e.error, e.x, seed=-1)",
        ValueError,
        "expected seed as a whole number of at least 0, got -1",
    ),
    (
        'lh.permutation(lambda z: "a", e.x)',
        TypeError,
        "expected error to return real numbers, got dtype <U1",
    ),
    (
        "lh.shapley(e.gradient, e.x)",
        ValueError,
        "expected forward to return shape (320,), got shape (320, 6, 2)",
    ),
    (
        "lh.shapley(None, e.x)",
        TypeError,
        "expected forward as a function of windows, got NoneType",
    ),
    (
        "lh.shapley(e.forward, e.x[0])",
        ValueError,
        "expected inputs of shape (batch, time, features), got (6, 2)",
    ),
    (
        "lh.shapley(e.forward, e.x, baselines=e.x[:3])",
        ValueError,
        "expected baselines that broadcast to (5, 6, 2), the shape of the inputs or to (samples, *that), got (3, 6, 2)",
    ),
    (
        'lh.shapley(e.forward, e.x, axis="group")',
        ValueError,
        "expected axis of 'lag', 'feature', got 'group'",
    ),
    (
        "lh.shapley(e.forward, e.x, together=[[0, 1], [5, 1]])",
        ValueError,
        "expected each lag in one set of together, got 1 in two",
    ),
    (
        'lh.shapley(e.forward, e.x, axis="feature", together=[[2]])',
        ValueError,
        "expected sets of different features from 0 to 1 in together, got [2]",
    ),
    (
        "lh.shapley(e.forward, e.x, n_samples=0)",
        ValueError,
        "expected n_samples as a whole number of at least 1, got 0",
    ),
    (
        "lh.shapley(e.forward, e.x, seed=0.5)",
        ValueError,
        "expected seed as a whole number of at least 0, got 0.5",
    ),
    (
        "lh.shapley(e.forward, e.x, mask=np.ones(5))",
        ValueError,
        "expected mask of shape (5, 6), got (5,)",
    ),
    (
        "lh.shapley(e.forward, e.x, additional_forward_args=np.ones(4))",
        ValueError,
        "expected additional_forward_args with a row for each of 5 windows, got shape (4,)",
    ),
    (
        "lh.temporal_saliency_rescaling(e.x, e.x)",
        TypeError,
        "expected attribute as a function of windows, got ndarray",
    ),
    (
        "lh.temporal_saliency_rescaling(e.forward, e.x)",
        ValueError,
        "expected attribute to return shape (5, 6, 2), got shape (5,)",
    ),
    (
        "lh.temporal_saliency_rescaling(e.gradient, e.x[0])",
        ValueError,
        "expected inputs of shape (batch, time, features), got (6, 2)",
    ),
    (
        "lh.temporal_saliency_rescaling(e.gradient, e.x, np.nan)",
        ValueError,
        "expected baselines of finite float32 numbers, got nan",
    ),
    (
        "lh.temporal_saliency_rescaling(e.gradient, e.x, quantile=55)",
        ValueError,
        "expected quantile from 0 to 1, got 55",
    ),
    (
        'lh.temporal_saliency_rescaling(e.gradient, e.x, quantile="median")',
        TypeError,
        "expected quantile as a number, got 'median'",
    ),
    (
        "lh.temporal_saliency_rescaling(e.gradient, e.x, mask=np.full((5, 6), 2))",
        ValueError,
        "expected mask of True and False, got 2",
    ),
    (
        "lh.temporal_saliency_rescaling(e.gradient, e.x, additional_forward_args=np.ones(4))",
        ValueError,
        "expected additional_forward_args with a row for each of 5 windows, got shape (4,)",
    ),
    (
        "lh.temporal_profile(e.x[0])",
        ValueError,
        "expected attributions of shape (batch, time, features), got (6, 2)",
    ),
    (
        "lh.temporal_profile(e.x[:0])",
        ValueError,
        "expected at least one window of attributions, got none",
    ),
    ("lh.temporal_profile(None)", TypeError, "expected attributions as real numbers, got NoneType"),
    (
        "lh.half_life(1.5)",
        ValueError,
        "expected forget gates from 0 to 1, got 1.5: for a bias, take the sigmoid first",
    ),
    (
        "lh.half_life(np.nan)",
        ValueError,
        "expected forget gates from 0 to 1, got nan: for a bias, take the sigmoid first",
    ),
    ('lh.half_life("0.5")', TypeError, "expected forget gates as real numbers, got str"),
    ("lh.half_life(True)", TypeError, "expected forget gates as real numbers, got bool"),
    (
        "memory.retention(e.w)",
        TypeError,
        "expected an LSTMTrace, as replay returns it, got LSTMWeights",
    ),
    (
        "memory.cell_contributions(e.x)",
        TypeError,
        "expected an LSTMTrace, as replay returns it, got ndarray",
    ),
    (
        "memory.recurrence_cut(e.w, e.x, np.ones(4))",
        ValueError,
        "expected head of shape (4, outputs), got (4,)",
    ),
    (
        "memory.time_constants(e.w, e.x * np.nan)",
        ValueError,
        "expected finite states and weights, got NaN or infinity in the step Jacobian of window 0",
    ),
    (
        "memory.time_constants(replace(e.w, stateful=True), e.x)",
        ValueError,
        "expected an initial_state for a stateful layer, which starts where its last batch ended, got none: pass zeros for a new start",
    ),
    ("lh.open_weights(None)", TypeError, "expected the path of a file, got NoneType"),
    (
        'lh.open_weights(e.folder / "none.keras")',
        FileNotFoundError,
        "expected a file, got FOLDER/none.keras, which does not exist",
    ),
    (
        "lh.open_weights(e.folder)",
        IsADirectoryError,
        "files0: expected a file, got a folder: a SavedModel holds no layers to read; save the Keras model as .keras",
    ),
    (
        'lh.open_weights(e.folder / "model.pt")',
        ValueError,
        "model.pt: expected a file without code, got a pickle, which runs code when it is opened: open it where you trust it, and save the arrays alone, for PyTorch with safetensors.torch.save_file(model.state_dict(), 'weights.safetensors')",
    ),
    (
        'lh.open_weights(e.folder / "cut.keras")',
        ValueError,
        "cut.keras: expected a complete .keras file, got one that can't be read",
    ),
    (
        'lh.open_weights(e.folder / "text.npz")',
        ValueError,
        "text.npz: expected a .npz file, got something else by its first bytes",
    ),
    ("keras_tools.keras_forward(e.w)", TypeError, "expected a Keras model, got LSTMWeights"),
    (
        'keras_tools.keras_forward(e.model, output="first")',
        TypeError,
        "expected output as a whole number, a tuple of them or a function, got 'first'",
    ),
    (
        "keras_tools.keras_forward(e.model, output=7)",
        ValueError,
        "expected output as a place in (windows, 3), got 7",
    ),
    (
        'keras_tools.keras_forward(e.model, inputs="none")',
        ValueError,
        "expected inputs of 'keras_tensor",
    ),
    (
        'keras_tools.keras_forward(e.model, fixed={"other": 1})',
        ValueError,
        "expected names of other inputs in fixed, none, got 'other'",
    ),
    (
        'keras_tools.keras_forward(e.model, layer="none")',
        ValueError,
        "expected layer of 'lstm', 'dense', got 'none'",
    ),
    (
        "keras_tools.keras_forward(e.model)(e.x[0])",
        ValueError,
        "expected inputs of shape (windows, 6, 2), got (6, 2)",
    ),
    ("keras_tools.keras_gradient(None)", TypeError, "expected a Keras model, got NoneType"),
    (
        "keras_tools.keras_gradient(e.model)(e.x, e.x)",
        ValueError,
        "expected nothing beside the windows, as fixed or in additional_forward_args, got 1 arrays",
    ),
    (
        "keras_tools.keras_trace(e.model, e.x[0])",
        ValueError,
        "expected x of shape (any, 6, 2), got (6, 2)",
    ),
    (
        "keras_tools.keras_trace(e.model, None)",
        TypeError,
        "expected x as real numbers, got NoneType",
    ),
    (
        "keras_tools.keras_trace(e.dense, e.x)",
        ValueError,
        "expected a model with an LSTM, got no recurrent layer",
    ),
    ("keras_tools.keras_trace(e.layer, e.x)", TypeError, "expected a Keras model, got LSTM"),
    ('keras_tools.ForgetBias("one")', ValueError, "expected a number or 'chrono', got 'one'"),
    ("keras_tools.ForgetBias(np.inf)", ValueError, "expected value as a finite number, got inf"),
    (
        'keras_tools.ForgetBias("chrono")',
        ValueError,
        "expected a horizon with 'chrono', as in horizon=100, got none",
    ),
    (
        'keras_tools.ForgetBias("chrono", horizon=2)',
        ValueError,
        "expected a horizon above 2 steps, got 2",
    ),
    (
        "keras_tools.ForgetBias(1.0, horizon=5)",
        ValueError,
        "expected no horizon with a number, got horizon=5",
    ),
    ("plots.gate_heatmaps(e.arrays)", TypeError, "expected LSTMWeights, got list"),
    (
        'plots.gate_heatmaps(e.w, feature_names=["a"])',
        ValueError,
        "expected 2 names of features, got 1",
    ),
    ("plots.gate_trace(e.trace, sample=9)", ValueError, "expected sample as one of 5, got 9"),
    (
        "plots.gate_trace(e.w)",
        TypeError,
        "expected an LSTMTrace, as replay returns it, got LSTMWeights",
    ),
    ('plots.lag_profile("profile")', TypeError, "expected profiles as real numbers, got str"),
    (
        'lh.replay(e.w, e.x, keep="hidden")',
        TypeError,
        "expected keep as a list or tuple of names, got 'hidden'",
    ),
    (
        'lh.replay(e.w, e.x, keep=["state"])',
        ValueError,
        "expected keep of 'i', 'f', 'c', 'o', 'cell', 'hidden', got ['state']",
    ),
    (
        'lh.replay(e.w, e.x, edit="cell")',
        TypeError,
        "expected edit as a function of (signal, step, value), got str",
    ),
    (
        "lh.replay(e.w, e.x, edit=lambda signal, step, value: None)",
        TypeError,
        "expected edit('i', 0, ...) to return an array, got None: return value to keep it",
    ),
    (
        "lh.replay(e.w, e.x, edit=lambda signal, step, value: value[:2])",
        ValueError,
        "expected edit('i', 0, ...) to return shape (5, 4), got shape (2, 4)",
    ),
    (
        "lh.replay(e.w, e.x, edit=lambda signal, step, value: 0)",
        ValueError,
        "expected edit('i', 0, ...) to return shape (5, 4), got shape ()",
    ),
    (
        "lh.replay(e.w, e.x, edit=lambda signal, step, value: value.astype(str))",
        TypeError,
        "expected edit('i', 0, ...) to return real numbers, got dtype <U32",
    ),
    (
        'lh.replay(e.w, e.x, edit=lambda signal, step, value: value / (signal != "cell"))',
        ValueError,
        "expected edit('cell', 0, ...) to return finite float32 numbers, got ",
    ),
    (
        "lh.replay(e.w, e.x, edit=lambda signal, step, value: np.full((5, 4), 1e39))",
        ValueError,
        "expected edit('i', 0, ...) to return finite float32 numbers, got inf",
    ),
    (
        "lh.probe(e.x[:, -1], e.x[:, 0])",
        TypeError,
        "expected training as (states, targets), got ndarray",
    ),
    (
        "lh.probe((e.x[:, -1], e.x[:3, 0]), (e.x[:, -1], e.x[:, 0]))",
        ValueError,
        "expected targets of training for each of 5 windows, got 3",
    ),
    (
        "lh.probe((e.x, e.x[:, 0]), (e.x, e.x[:, 0]))",
        ValueError,
        "expected states of training of shape (batch, columns), got (5, 6, 2)",
    ),
    (
        "lh.probe(*[(e.x[:, -1], np.ones(5))] * 2)",
        ValueError,
        "expected targets of validation that vary, got a constant",
    ),
    (
        'patching.patch(e.trace, "cell", 3)',
        TypeError,
        "expected signals as a list or tuple of names, got 'cell'",
    ),
    ('patching.patch(e.trace, ["cell"], 6)', ValueError, "expected step from -6 to 5, got 6"),
    (
        'patching.patch(e.w, ["cell"], 3)',
        TypeError,
        "expected an LSTMTrace, as replay returns it, got LSTMWeights",
    ),
    (
        "lh.input_jacobian(e.w, e.x, np.ones((4, 1)), step=6)",
        ValueError,
        "expected step from -6 to 5, got 6",
    ),
    (
        "lh.input_jacobian(e.w, e.x, np.ones((4, 1)), mask=np.ones((5, 5)))",
        ValueError,
        "expected mask of shape (5, 6), got (5, 5)",
    ),
    (
        "lh.input_jacobian(e.w, e.x, np.ones((4, 1)), initial_state=e.x)",
        ValueError,
        "expected initial_state as (hidden, cell), got ndarray",
    ),
    (
        "lh.temporal_profile(e.x, lengths=[1, 2, 3, 4, 7])",
        ValueError,
        "expected lengths as whole numbers from 1 to 6, got 7",
    ),
    (
        "lh.temporal_profile(e.x, lengths=[1, 2])",
        ValueError,
        "expected lengths of shape (5,), got (2,)",
    ),
    (
        "lh.temporal_profile(e.x, lengths=[0.5] * 5)",
        ValueError,
        "expected lengths as whole numbers from 1 to 6, got 0.5",
    ),
    (
        "lh.integrated_gradients(e.gradient, e.x, mask=np.full((5, 6), np.nan))",
        ValueError,
        "expected mask of True and False, got nan",
    ),
    (
        "lh.integrated_gradients(e.gradient, e.x, additional_forward_args=np.ones(4))",
        ValueError,
        "expected additional_forward_args with a row for each of 5 windows, got shape (4,)",
    ),
    (
        "lh.occlusion(e.forward, e.x, mask=np.ones(5))",
        ValueError,
        "expected mask of shape (5, 6), got (5,)",
    ),
    (
        "lh.saliency(e.gradient, np.ma.masked_array(e.x, e.x > 0))",
        TypeError,
        "expected inputs as real numbers, got a masked array",
    ),
    (
        "lh.retrain_without(None, e.error, (e.x, e.x), (e.x, e.x), lags=0)",
        TypeError,
        "expected fit as a function of windows, got NoneType",
    ),
    (
        "lh.retrain_without(e.fit, None, (e.x, e.x), (e.x, e.x), lags=0)",
        TypeError,
        "expected error as a function of windows, got NoneType",
    ),
    (
        "lh.retrain_without(e.fit, e.error, (e.x, e.x), (e.x, e.x))",
        ValueError,
        "expected lags or features to train without, got neither",
    ),
    (
        "lh.retrain_without(e.fit, e.error, e.x, (e.x, e.x), lags=0)",
        TypeError,
        "expected training as (inputs, targets), got ndarray",
    ),
    (
        "lh.retrain_without(e.fit, e.error, (e.x, e.x[:2]), (e.x, e.x), lags=0)",
        ValueError,
        "expected targets of training with a row for each of 5 windows, got shape (2, 6, 2)",
    ),
    (
        "lh.retrain_without(e.fit, e.error, (e.x, e.x), (e.x, e.x), lags=6)",
        ValueError,
        "expected lags as different whole numbers from 0 to 5, got [6]",
    ),
    (
        "lh.retrain_without(e.fit, e.error, (e.x, e.x), (e.x, e.x), features=[-1])",
        ValueError,
        "expected features as different whole numbers from 0 to 1, got [-1]",
    ),
    (
        "lh.retrain_without(e.fit, e.error, (e.x, e.x), (e.x, e.x), lags=0, seeds=0)",
        ValueError,
        "expected seeds as a whole number of at least 1, got 0",
    ),
    (
        'lh.retrain_without(e.fit, e.error, (e.x, e.x), (e.x, e.x), lags=0, store=e.folder / "text.npz")',
        ValueError,
        "expected a store of retrain_without, got another file or one cut short: FOLDER/text.npz",
    ),
    ("lh.Reading('means')", ValueError, "expected kind of 'uses', 'ignores', 'largest'"),
    ("lh.Reading('uses')", ValueError, "expected a reading 'uses' with feature or lag, got none"),
    ("lh.Reading('unit', unit=1.5)", ValueError, "expected unit as a whole number of at least 0"),
    ("lh.Reading('uses', lag=1, evidence=3)", TypeError, "expected evidence as a text, got int"),
    ("lh.check_reading('uses', e.model, e.x)", TypeError, "expected a Reading, got str"),
    (
        "lh.check_reading(lh.Reading('skilled'), None, np.ones((20, 6, 2)))",
        TypeError,
        "expected a Keras model, a PyTorch module or a Readout, got NoneType",
    ),
    (
        "lh.check_reading(lh.Reading('skilled'), e.model, e.x)",
        ValueError,
        "expected at least 20 windows, got 5",
    ),
    (
        "lh.check_reading(lh.Reading('uses', lag=6), e.model, np.ones((20, 6, 2)))",
        ValueError,
        "expected lag from 0 to 5, got 6",
    ),
    (
        "lh.check_reading(lh.Reading('skilled'), e.model, np.ones((20, 6, 2)), others=e.model)",
        TypeError,
        "expected others as a list of models, got ",
    ),
    (
        "lh.report(None, e.x)",
        TypeError,
        "expected a Keras model, a PyTorch module or a Readout, got NoneType",
    ),
    (
        "lh.report(lh.Readout, e.x)",
        TypeError,
        "expected a Keras model, a PyTorch module or a Readout, got the class Readout",
    ),
    (
        "lh.report(e.model, e.x[0])",
        ValueError,
        "expected x of shape (batch, time, features), got (6, 2)",
    ),
    ("lh.report(e.model, e.x[:1])", ValueError, "expected at least 2 windows, got 1"),
    (
        "lh.report(e.model, e.x * np.float32(np.nan))",
        ValueError,
        "expected finite x, got NaN or infinity in window 0",
    ),
    (
        "lh.report(e.model, e.x[:, :4])",
        ValueError,
        "expected inputs of shape (windows, 6, 2), got (5, 4, 2)",
    ),
    (
        "lh.report(e.model, e.x, e.x[:3, 0, 0])",
        ValueError,
        "expected y with a target for each of 5 windows, (5,) or (5, outputs) with a column for output 0, got (3,)",
    ),
    (
        "lh.report(e.model, e.x, [np.nan] * 5)",
        ValueError,
        "expected finite targets in y, got NaN or infinity",
    ),
    ('lh.report(e.model, e.x, "y")', TypeError, "expected y as real numbers, got str"),
    (
        "lh.report(e.model, e.x, output=3)",
        ValueError,
        "expected output as a place in (windows, 3), got 3",
    ),
    (
        "lh.report(e.model, e.x, output=1.5)",
        TypeError,
        "expected output as a whole number, a tuple of them or a function, got 1.5",
    ),
    (
        'lh.report(e.model, e.x, feature_names=["wind"])',
        ValueError,
        "expected 2 names of features, got 1",
    ),
    (
        "lh.report(e.model, e.x, times=[1, 2, 3, 4, 5])",
        TypeError,
        "expected times as dates, got dtype int64",
    ),
    ("lh.report(e.model, e.x, step=5)", TypeError, "expected step as a text, got int"),
    ("lh.report(e.model, e.x, unit=5)", TypeError, "expected unit as a text, got int"),
    ("lh.report(e.model, e.x).save(5)", TypeError, "expected folder as a path, got int"),
    (
        'lh.report(e.model, e.x).save(e.folder / "text.npz")',
        ValueError,
        "expected a folder, got the file FOLDER/text.npz",
    ),
    (
        'keras_tools.keras_forward(e.model, jit_compile="auto")',
        TypeError,
        "expected jit_compile as True or False, got 'auto'",
    ),
    (
        'plots.cell_diagram(equations="yes")',
        TypeError,
        "expected equations as True or False, got 'yes'",
    ),
    ("plots.array_map(e.w)", TypeError, "expected shapes by name, in a dict, got LSTMWeights"),
    ("plots.array_map({})", ValueError, "expected shapes by name, in a dict, got none"),
    (
        'plots.array_map({"kernel": (2, 3)})',
        ValueError,
        "expected shape (rows, 4 * units) or (4 * units,) for 'kernel', got (2, 3)",
    ),
    ('plots.order_errors("ifco")', TypeError, "expected errors by name, in a dict, got str"),
    (
        'plots.order_errors({"ifco": -1.0})',
        ValueError,
        "expected errors of 0 or more, got -1.0 for 'ifco'",
    ),
    (
        'plots.order_errors({"ifco": np.nan})',
        ValueError,
        "expected the error of 'ifco' as a finite number, got nan",
    ),
    (
        'plots.order_errors({"ifco": 1.0}, rounding=0)',
        ValueError,
        "expected rounding above 0, got 0",
    ),
    ("plots.lag_profile([1, 2], mark=3)", TypeError, "expected mark as a list of spans, got int"),
    (
        'plots.lag_profile([1, 2], colors=["nocolor"])',
        ValueError,
        "expected colors that Matplotlib knows, got 'nocolor'",
    ),
    (
        "plots.gate_heatmaps(e.w, feature_names=3)",
        TypeError,
        "expected 2 names of features, got int",
    ),
    (
        'plots.rank_scatter([1], [0], ["a"], "x", "y", yscale="log")',
        ValueError,
        "expected y above 0 with yscale='log', got others for a",
    ),
    (
        'plots.rank_scatter([1], [2], ["a"], "x", "y", yscale="logg")',
        ValueError,
        "expected yscale of",
    ),
    ("plots.retention(e.trace)", TypeError, "expected lines by name, in a dict, got LSTMTrace"),
    (
        'plots.retention({"a": e.x})',
        ValueError,
        "expected 'a' of shape (steps + 1,), got (5, 6, 2)",
    ),
    ("plots.describe_heatmaps(e.x)", TypeError, "expected LSTMWeights, got ndarray"),
    ("plots.gate_heatmaps(e.w, limit=-1)", ValueError, "expected a limit above 0, got -1"),
    (
        'plots.norm_bars(e.w, ord="l2")',
        ValueError,
        "expected ord of 'fro', 'spectral', 'rms', got 'l2'",
    ),
    ("plots.describe_norms(e.arrays)", TypeError, "expected LSTMWeights, got list"),
    (
        "plots.gate_distributions(e.w, bins=0)",
        ValueError,
        "expected bins as a whole number of at least 1, got 0",
    ),
    ("plots.describe_distributions(None)", TypeError, "expected LSTMWeights, got NoneType"),
    (
        "plots.describe_lag_profile([])",
        ValueError,
        "expected profiles of shape (lags,) or (series, lags), got (0,)",
    ),
    (
        'plots.rank_scatter([1, 2], [1, np.nan], ["a", "b"], "x", "y")',
        ValueError,
        "expected finite x and y, got NaN or infinite for b",
    ),
    (
        'plots.show(None, "1 figure")',
        TypeError,
        "expected a figure and a sentence, got NoneType and str",
    ),
    (
        "lh.Readout(e.w, np.ones(4)).forward(e.x[0])",
        ValueError,
        "expected x of shape (batch, time, features), got (6, 2)",
    ),
    (
        "lh.Readout(e.w, np.ones(4)).gradient(e.x[..., :1])",
        ValueError,
        "expected 2 features in x, got 1",
    ),
    ("plots.play(e.w, e.x[0])", TypeError, "expected a Readout, got LSTMWeights"),
    ("plots.play(e.readout, e.x)", ValueError, "expected window of shape (time, 2), got (5, 6, 2)"),
    (
        "plots.play(e.readout, e.x[0, :0])",
        ValueError,
        "expected window of shape (time, 2), got (0, 2)",
    ),
    (
        "plots.play(e.readout, np.full((6, 2), np.nan))",
        ValueError,
        "expected window of finite numbers, got nan",
    ),
    (
        'plots.play(e.readout, "window")',
        TypeError,
        "expected window as real numbers, got str",
    ),
    (
        "plots.play(e.readout, e.x[0], mean=[1, 2, 3])",
        ValueError,
        "expected mean of shape (2,) or one number, got (3,)",
    ),
    (
        "plots.play(e.readout, e.x[0], mean=1e300)",
        ValueError,
        "expected window * std + mean in which a change by std / 10 shows, got 1e+300",
    ),
    ("plots.play(e.readout, e.x[0], std=0)", ValueError, "expected std above 0, got 0"),
    (
        'plots.play(e.readout, e.x[0], feature_names=["a"])',
        ValueError,
        "expected 2 names of features, got 1",
    ),
    ("plots.play(e.readout, e.x[0], unit=5)", TypeError, "expected unit as text, got int"),
    (
        "plots.play(e.readout, e.x[0], decimals=1.5)",
        ValueError,
        "expected decimals as a whole number of at least 0, got 1.5",
    ),
    (
        "plots.play(e.readout, e.x[0], decimals=99)",
        ValueError,
        "expected decimals up to 20, got 99",
    ),
    (
        "plots.play(e.readout, e.x[0], feature=2)",
        ValueError,
        "expected feature from -2 to 1, got 2",
    ),
    ("plots.play(e.readout, e.x[0], lag=6)", ValueError, "expected lag from -6 to 5, got 6"),
    (
        "plots.play(lh.Readout(replace(e.w, go_backwards=True), np.ones(4)), e.x[0])",
        ValueError,
        "expected a layer that reads forwards, got go_backwards=True",
    ),
    (
        'plots.play(lh.Readout(replace(e.w, activation="gelu"), np.ones(4)), e.x[0])',
        ValueError,
        "expected activation to be one of tanh, sigmoid, relu, linear, hard_sigmoid, hard_sigmoid_keras1, got 'gelu'",
    ),
    (
        'plots.play(lh.Readout(replace(e.w, compute_dtype="bfloat16"), np.ones(4)), e.x[0])',
        ValueError,
        "expected a layer that computes in the dtype of its weights, float32, got compute_dtype='bfloat16': mixed precision is not reproduced",
    ),
    (
        'plots.play(lh.Readout(replace(e.w, activation="linear"), np.ones(4)), np.full((6, 2), 1.5e308))',
        ValueError,
        "expected weights with which all signals stay finite, got NaN or infinity",
    ),
    ("lh.LSTMWeights(e.x, e.x, e.x)", TypeError, "expected kernel as Gates(i, f, c, o), got"),
]

# The same for PyTorch, where it is installed.
BAD_FOR_TORCH = [
    (
        "lh.gate_weights(e.lstm)",
        TypeError,
        GATES_WANTED + "LSTM of torch: torch_tools.torch_weights",
    ),
    (
        "lh.lstm_layers(e.lstm)",
        TypeError,
        "expected a Keras model or layer, got LSTM of torch: torch_tools.torch_weights reads",
    ),
    (
        'lh.LSTMWeights.from_arrays(e.lstm.state_dict(), layout="pytorch")',
        TypeError,
        "expected arrays as a list of arrays, got OrderedDict",
    ),
    (
        "torch_tools.torch_forward(e.model)",
        TypeError,
        "expected a PyTorch module, got Sequential",
    ),
    (
        'torch_tools.torch_forward(e.flat, output="first")',
        TypeError,
        "expected output as a whole number, a tuple of them or a function, got 'first'",
    ),
    (
        "torch_tools.torch_forward(e.flat, batch_first=1)",
        TypeError,
        "expected batch_first as True or False, got 1",
    ),
    (
        'torch_tools.torch_forward(e.flat, fixed={"y": 1})',
        ValueError,
        "expected names in fixed of no argument, got 'y'",
    ),
    (
        "torch_tools.torch_forward(e.flat)(e.x[0])",
        ValueError,
        "expected inputs of shape (batch, time, features), got (6, 2)",
    ),
    (
        "torch_tools.torch_forward(e.lstm)(e.x)",
        ValueError,
        "expected a module of one output, or a function that takes it from them",
    ),
    ("torch_tools.torch_gradient(None)", TypeError, "expected a PyTorch module, got NoneType"),
    (
        "torch_tools.torch_gradient(e.flat, lambda y: y.detach()[:, 0])(e.x)",
        ValueError,
        "expected an output that depends on the inputs, got one without a gradient",
    ),
    (
        "torch_tools.torch_weights(e.flat)",
        ValueError,
        "expected a module with an nn.LSTM or nn.LSTMCell, got Sequential without one",
    ),
    (
        "torch_tools.torch_weights(torch.nn.LSTM(2, 4, proj_size=2))",
        ValueError,
        "expected an LSTM without projection, got proj_size=2 at 'the module'",
    ),
]


@pytest.fixture(scope="module")
def e(tmp_path_factory):
    return environment(tmp_path_factory.mktemp("files"))


def state(e):
    """Whatever a call could have changed: bits of layers and arrays, files, figures."""
    models = [weight.tobytes() for part in (e.model, e.bare) for weight in part.get_weights()]
    w = [array.tobytes() for array in e.w.to_arrays()]
    trace = [array.tobytes() for array in (*e.trace.gates, e.trace.cell, e.trace.hidden)]
    files = {path.name: path.read_bytes() for path in e.folder.iterdir()}
    own = "call" in vars(e.layer)
    return models, w, trace, e.x.tobytes(), [a.tobytes() for a in e.arrays], files, own


@pytest.mark.parametrize(("call", "error", "words"), BAD, ids=[row[0] for row in BAD])
def test_one_clear_error_and_nothing_has_changed(call, error, words, e, capsys):
    before, figures = state(e), plt.get_fignums()
    # The table shows calls as a reader would type them; it is this file's own text.
    with pytest.raises(error) as caught:
        eval(call, {**NAMES, "e": e})
    assert caught.type is error
    assert str(caught.value).replace(str(e.folder), "FOLDER").startswith(words)
    assert "expected" in words
    assert state(e) == before
    assert plt.get_fignums() == figures
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("call", "error", "words"), BAD_FOR_TORCH, ids=[row[0] for row in BAD_FOR_TORCH]
)
def test_one_clear_error_for_modules_of_pytorch(call, error, words, e):
    torch = pytest.importorskip("torch")
    from lstm_helpers import torch_tools

    torch.manual_seed(0)
    e.lstm = torch.nn.LSTM(2, 4, batch_first=True)
    e.flat = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 3))

    def module_state():
        parts = (e.lstm, e.flat)
        modes = [module.training for part in parts for module in part.modules()]
        held = [tensor for part in parts for tensor in part.parameters()]
        return modes, [t.detach().numpy().tobytes() for t in held], [t.grad for t in held]

    before = state(e), module_state()
    with pytest.raises(error) as caught:
        eval(call, {**NAMES, "e": e, "torch": torch, "torch_tools": torch_tools})
    assert str(caught.value).startswith(words)
    assert (state(e), module_state()) == before


PUBLIC = {
    "lh": set(lh.__all__)
    - {"LAYOUTS", "quiet", "Gates", "LSTMTrace", "Retrained"}
    - {"Checked", "Probe", "Report"},
    "lh.LSTMWeights": {"from_arrays"},
    "keras_tools": set(keras_tools.__all__),
    "memory": {name for name, _ in public(memory)},
    "plots": {name for name in plots.__all__ if name.islower()}
    - {"subplots", "describe_cell_diagram"},
    "torch_tools": {"torch_forward", "torch_gradient", "torch_weights"},
}
"""Whatever takes arguments. ``quiet`` and ``describe_cell_diagram`` take none, six classes hold what
others have checked, and ``subplots`` is Matplotlib's, with its errors."""


@pytest.mark.parametrize("room", PUBLIC)
def test_the_table_has_a_row_for_every_public_function(room):
    calls = "".join(row[0] for row in BAD + BAD_FOR_TORCH)
    names = {name.rpartition(".")[2] for name in PUBLIC[room]} - (
        {"half_life"} if room == "memory" else set()  # its row calls it lh.half_life
    )
    assert names
    assert {name for name in names if not re.search(rf"\b{room}\.{name}\(", calls)} == set()
    assert len(BAD) >= 100


def test_no_room_of_tools_is_left_out():
    assert {"lh", "keras_tools", "memory", "plots", "torch_tools"} <= PUBLIC.keys()
    pytest.importorskip("torch")
    from lstm_helpers import torch_tools

    assert {name for name, _ in public(torch_tools)} == {
        f"lstm_helpers.torch_tools.{name}" for name in PUBLIC["torch_tools"]
    }
