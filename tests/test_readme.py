"""The way with a model of one's own, line by line, on a model that is not the course's."""

import re

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from common import TOP

import lstm_helpers as lh

with lh.quiet():
    import keras
    from keras import layers


def code_of(name):
    (code,) = re.findall(r"```python\n(.*?)```", (TOP / name).read_text("utf-8"), flags=re.DOTALL)
    return code


def test_readme_shows_how_the_way_begins():
    assert code_of("website/your_lstm.md").startswith(code_of("README.md") + "\n\n# Used, but")


def own_model():
    """A load in kW every 5 minutes, 12 of them, two features; the target is 3 steps back."""
    inputs = keras.Input((12, 2))
    both = layers.Bidirectional(layers.LSTM(5, return_sequences=True), name="both")(inputs)
    return keras.Model(inputs, layers.Dense(1)(layers.LSTM(7, name="top")(both)))


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras saves
def test_the_way_with_a_model_of_ones_own_runs(tmp_path, monkeypatch, capsys):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 12, 2)).astype("float32")
    y = x[:, -4, 0]
    keras.utils.clear_session()  # else the names below count on from those of other tests
    keras.utils.set_random_seed(0)
    model = own_model()
    model.compile(keras.optimizers.Adam(1e-2), "mae")
    model.fit(x, y, epochs=40, verbose=0)
    model.save(tmp_path / "mine.keras")
    monkeypatch.chdir(tmp_path)
    code = code_of("website/your_lstm.md")
    assert "epochs=20" in code
    before = set(plt.get_fignums())  # another test may have left some
    names = {"x_train": x[:300], "y_train": y[:300], "x_val": x[300:], "y_val": y[300:]}
    exec(code.replace("epochs=20", "epochs=1"), names)
    figures = len(set(plt.get_fignums()) - before)
    plt.close("all")
    assert figures == 3
    # Targets of one column must not be subtracted from every window's output.
    assert names["error"](np.arange(3.0), np.arange(3.0)[:, None]) == 0
    assert names["path"] == "both/forward_lstm"
    assert names["trace"].hidden.shape == (50, 12, 5)
    assert int(names["profile"].argmax()) == 3
    assert re.match(
        r"error .* without: lost .* over 3 seeds", capsys.readouterr().out.splitlines()[-1]
    )
