"""What the weights of a Keras LSTM mean, and how far back it looks.

``import lstm_helpers`` loads NumPy and nothing heavier. What needs more is imported by name:
``lstm_helpers.plots`` (Matplotlib), ``lstm_helpers.keras_tools`` (Keras),
``lstm_helpers.torch_tools`` (PyTorch) and the course, ``lstm_helpers.course``.
``lstm_helpers.memory`` has more than is named here: retention, time constants;
``lstm_helpers.patching`` has edits for ``replay``.

The examples in the docstrings start after ``import numpy as np`` and ``import lstm_helpers as lh``.
"""

from lstm_helpers._quiet import quiet
from lstm_helpers.attribution import (
    integrated_gradients,
    occlusion,
    permutation,
    saliency,
    temporal_profile,
)
from lstm_helpers.claims import Checked, Reading, check_reading
from lstm_helpers.files import open_weights
from lstm_helpers.gates import Gates, LSTMWeights, feature_norms, gate_norms, unit_norms
from lstm_helpers.jacobian import input_jacobian
from lstm_helpers.layers import gate_weights, lstm_layers, set_forget_bias, set_gate_weights
from lstm_helpers.layouts import LAYOUTS
from lstm_helpers.memory import half_life
from lstm_helpers.numpy_lstm import LSTMTrace, replay
from lstm_helpers.probing import Probe, probe
from lstm_helpers.reading import Report, report
from lstm_helpers.readout import Readout
from lstm_helpers.rescaling import temporal_saliency_rescaling
from lstm_helpers.retraining import Retrained, retrain_without
from lstm_helpers.shapley_values import shapley

__all__ = [
    "LAYOUTS",
    "Checked",
    "Gates",
    "LSTMTrace",
    "LSTMWeights",
    "Probe",
    "Reading",
    "Readout",
    "Report",
    "Retrained",
    "check_reading",
    "feature_norms",
    "gate_norms",
    "gate_weights",
    "half_life",
    "input_jacobian",
    "integrated_gradients",
    "lstm_layers",
    "occlusion",
    "open_weights",
    "permutation",
    "probe",
    "quiet",
    "replay",
    "report",
    "retrain_without",
    "saliency",
    "set_forget_bias",
    "set_gate_weights",
    "shapley",
    "temporal_profile",
    "temporal_saliency_rescaling",
    "unit_norms",
]
