"""What the weights of a Keras LSTM mean, and how far back it looks.

``import lstm_helpers`` loads NumPy and nothing heavier. Modules that need more (``weather``,
``forecaster``, ``keras_tools``, ``plots``, ``exercises``) are imported by name, and so is
``tasks``. ``lstm_helpers.memory`` has more than is named here: retention, time constants.
"""

import contextlib
import os
import sys

from lstm_helpers.attribution import (
    integrated_gradients,
    occlusion,
    permutation,
    saliency,
    temporal_profile,
)
from lstm_helpers.gates import Gates, LSTMWeights, feature_norms, gate_norms, unit_norms
from lstm_helpers.layers import gate_weights, set_forget_bias, set_gate_weights
from lstm_helpers.layouts import LAYOUTS
from lstm_helpers.memory import half_life
from lstm_helpers.numpy_lstm import LSTMTrace, input_jacobian, replay

__all__ = [
    "LAYOUTS",
    "Gates",
    "LSTMTrace",
    "LSTMWeights",
    "feature_norms",
    "gate_norms",
    "gate_weights",
    "half_life",
    "input_jacobian",
    "integrated_gradients",
    "occlusion",
    "permutation",
    "quiet",
    "replay",
    "saliency",
    "set_forget_bias",
    "set_gate_weights",
    "temporal_profile",
    "unit_norms",
]


@contextlib.contextmanager
def quiet():
    """Hide what TensorFlow's C++ side writes while it starts; a failing import still raises.

    Those lines carry times and process ids, go past Python straight to file descriptor 2, and
    would make every run of a notebook differ. What Python raises or prints to stdout stays.

    Examples
    --------
    >>> with quiet():
    ...     import keras  # doctest: +SKIP
    """
    # Read once by TensorFlow when it starts: a level that the user chose is kept.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
