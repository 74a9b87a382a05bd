"""The tools that need Keras: an initializer for a new LSTM layer, any model as functions, and what
each LSTM of a model did.

Import this package before ``keras.models.load_model`` reads a model that was made with its
initializer.
"""

from lstm_helpers.keras_tools.functions import keras_forward, keras_gradient
from lstm_helpers.keras_tools.initializer import ForgetBias
from lstm_helpers.keras_tools.traces import keras_trace

__all__ = ["ForgetBias", "keras_forward", "keras_gradient", "keras_trace"]
