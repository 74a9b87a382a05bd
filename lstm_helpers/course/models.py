"""The network of the course: build, train, forecast, load (with Keras); and what its cards say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from lstm_helpers.course.forecaster import (
    REFERENCE_SEED,
    TIME_STEPS,
    TRAINING_STATIONS,
    UNSEEN_STATION,
    Scaler,
    Windows,
)
from lstm_helpers.course.weather import data_file
from lstm_helpers.gates import LSTMWeights
from lstm_helpers.readout import Readout

EPOCHS = 8
BATCH_SIZE = 256
LEARNING_RATE = 1e-2


def build_model(
    time_steps: int, feature_count: int, hidden_neurons: int = 32, output_count: int | None = None
):
    """The network of the course: one LSTM layer and a linear Dense layer, not compiled.

    Parameters
    ----------
    time_steps, feature_count : int
        Shape of one window.
    hidden_neurons : int
        Units of the LSTM.
    output_count : int, optional
        Columns of the forecast, ``feature_count`` unless given.

    Returns
    -------
    keras.Sequential
        (windows, time_steps, feature_count) -> (windows, output_count).

    Examples
    --------
    >>> from lstm_helpers.course import models
    >>> with lh.quiet():
    ...     model = models.build_model(time_steps=24, feature_count=7)
    >>> model.output_shape, model.count_params()
    ((None, 7), 5351)
    """
    import keras

    return keras.Sequential(
        [
            keras.Input((time_steps, feature_count)),
            keras.layers.LSTM(hidden_neurons),
            keras.layers.Dense(output_count or feature_count, activation="linear"),
        ]
    )


def train(
    model,
    inputs: np.ndarray,
    targets: np.ndarray,
    *,
    loss: str = "mae",
    epochs: int = EPOCHS,
    **fit,
) -> None:
    """Compile and fit a model as the course does.

    Adam; a learning rate that falls from ``LEARNING_RATE`` to 0 along a cosine; batches of
    ``BATCH_SIZE``; compiled by XLA. Call ``keras.utils.set_random_seed`` before the model is built:
    one seed, one result.

    Parameters
    ----------
    model : keras.Model
    inputs : (windows, time_steps, features) float32
    targets : (windows, features) float32
    loss : str
    epochs : int
    **fit
        Passed on to ``model.fit``: ``validation_data``, ``callbacks``.

    Examples
    --------
    >>> from unittest.mock import Mock
    >>> from lstm_helpers.course import models
    >>> model, x = Mock(), np.ones((4, 24, 7), np.float32)  # records what a model is asked for
    >>> with lh.quiet():
    ...     models.train(model, x, x[:, -1], epochs=2)
    >>> asked = model.fit.call_args.kwargs
    >>> asked["epochs"], asked["batch_size"]
    (2, 256)
    """
    import keras

    steps = epochs * -(-len(inputs) // BATCH_SIZE)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    model.compile(optimizer=keras.optimizers.Adam(rate), loss=loss, jit_compile=True)
    model.fit(inputs, targets, epochs=epochs, batch_size=BATCH_SIZE, verbose=0, **fit)


def print_epochs():
    """A Keras callback that prints one line for each epoch, without times.

    Examples
    --------
    >>> from lstm_helpers.course import models
    >>> with lh.quiet():
    ...     callback = models.print_epochs()
    >>> callback.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.75})
    epoch 1: training loss 0.500, validation loss 0.750
    """
    import keras

    def line(epoch: int, logs: dict) -> None:
        figures = ", ".join(f"{name} {logs[key]:.3f}" for key, name in names.items() if key in logs)
        print(f"epoch {epoch + 1}: {figures}", flush=True)

    names = {"loss": "training loss", "val_loss": "validation loss"}
    return keras.callbacks.LambdaCallback(on_epoch_end=line)


def predict(model, w: Windows, scaler: Scaler, inputs: np.ndarray | None = None) -> np.ndarray:
    """The model's forecast as a change in units, (windows, features) float64.

    ``inputs`` are what the model reads of these windows; the default is their scaled readings. It
    calls the model directly: ``model.predict`` compiles each model anew, and warns from the fifth
    on.

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import forecaster, models
    >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
    >>> w = forecaster.windows(pd.DataFrame({"temp": np.arange(40.0) % 24}, hours))
    >>> with lh.quiet():
    ...     model = models.build_model(w.time_steps, feature_count=1)
    >>> models.predict(model, w, forecaster.Scaler.fit(w)).shape
    (11, 1)
    """
    import keras

    seen, scale = (w.inputs, scaler.scale) if inputs is None else (inputs, np.asarray)
    # What the LSTM computes at all hours of a block takes 20 times the memory of its readings.
    blocks = (seen[n : n + 1024] for n in range(0, len(seen), 1024))
    parts = [model(scale(block), training=False) for block in blocks]
    scaled = np.concatenate([keras.ops.convert_to_numpy(part) for part in parts])
    return scaler.unscale_change(scaled)


def load_model(
    folder: str | Path, horizon: int = 6, seed: int = REFERENCE_SEED, kind: str = "trained"
):
    """One of the models that ``make model`` or ``make experiments`` left in the data folder.

    Parameters
    ----------
    folder : str or Path
        The data folder.
    horizon : int
        1, 6 or 24 hours.
    seed : int
        0 to 4.
    kind : str
        ``"trained"``; a control: ``"untrained"``, ``"shuffled"`` (targets shuffled in training);
        or ``"clock"``, at 6 hours: its inputs come from ``with_clock``.

    Returns
    -------
    keras.Sequential
        Built, not compiled.

    Raises
    ------
    ValueError
        There is no such model.

    Examples
    --------
    >>> from lstm_helpers.course import models
    >>> with lh.quiet():
    ...     model = models.load_model("../data", horizon=6)
    >>> model.input_shape, model.output_shape
    ((None, 24, 7), (None, 7))
    """
    arrays = load_model_arrays(folder, horizon, seed, kind)
    model = build_model(TIME_STEPS, len(arrays[0]), len(arrays[1]), len(arrays[4]))
    model.set_weights(arrays)
    return model


def load_model_arrays(
    folder: str | Path, horizon: int = 6, seed: int = REFERENCE_SEED, kind: str = "trained"
) -> list[np.ndarray]:
    """The five arrays of ``load_model(...).get_weights()``, without loading Keras.

    Examples
    --------
    >>> from lstm_helpers.course import models
    >>> arrays = models.load_model_arrays("../data", horizon=6)
    >>> [array.shape for array in arrays]
    [(7, 128), (32, 128), (128,), (32, 7), (7,)]
    """
    name = stored_name(kind, horizon, seed)
    file = "clock_models.npz" if kind == "clock" else "weather_models.npz"
    with np.load(data_file(folder, file)) as stored:
        names = sorted({key.rsplit("/", 1)[0] for key in stored.files})
        if name not in names:
            raise ValueError(f"expected one of {', '.join(names)}, got {name}")
        return [stored[f"{name}/{n}"] for n in range(5)]


def load_readout(
    folder: str | Path,
    scaler: Scaler,
    horizon: int = 6,
    seed: int = REFERENCE_SEED,
    kind: str = "trained",
    feature: int = 0,
) -> Readout:
    """The forecast of one feature by one of the stored models, as functions in NumPy.

    Parameters
    ----------
    folder : str or Path
        The data folder.
    scaler : Scaler
        Of the same horizon.
    horizon, seed, kind
        As in ``load_model``.
    feature : int
        Which column is forecast; 0 is the temperature.

    Returns
    -------
    Readout
        Its output is the change from now in the feature's unit: °C.

    Raises
    ------
    ValueError
        There is no such model.

    Examples
    --------
    >>> from lstm_helpers.course import forecaster, models
    >>> data = forecaster.load_data("../data")
    >>> readout = models.load_readout("../data", data.scaler)
    >>> readout.forward(data.scaled("test", "gucheng")[:5]).shape  # °C
    (5,)
    """
    *lstm, head, bias = load_model_arrays(folder, horizon, seed, kind)
    unit = scaler.change_std[feature]
    w = LSTMWeights.from_arrays(lstm)
    return Readout(w, head[:, feature] * unit, bias[feature] * unit)


def load_errors(folder: str | Path) -> pd.DataFrame:
    """Every error that ``make model`` wrote on its card, as a tidy table.

    Parameters
    ----------
    folder : str or Path
        The data folder.

    Returns
    -------
    DataFrame
        One row for each error, columns ``kind`` ("trained", "untrained", "shuffled"; the name of a
        baseline; the name of what was varied, such as "12 epochs"), ``horizon`` in hours, ``seed``
        (-1 for a baseline), ``part``, ``station``, ``feature``, ``measure`` and ``error``, in the
        feature's unit. Where something was varied there is the validation year only.

    Examples
    --------
    >>> from lstm_helpers.course import models
    >>> table = models.load_errors("../data")
    >>> sorted(table["measure"].unique()), sorted(table["horizon"].unique().tolist())
    (['MAE', 'RMSE'], [1, 6, 24])
    """
    card = json.loads(data_file(folder, "weather_models.json").read_text(encoding="utf-8"))
    rows = []

    def add(kind, horizon, seed, part, by_station):
        for station, by_measure in by_station.items():
            for measure, by_feature in by_measure.items():
                for feature, error in by_feature.items():
                    rows.append((kind, horizon, seed, part, station, feature, measure, error))

    for name, by_part in (card["models"] | card["baselines"]).items():
        kind, horizon, seed = re.fullmatch(r"(.+?)_(\d+)h(?:_seed(\d+))?", name).groups()
        for part, by_station in by_part.items():
            add(kind, int(horizon), -1 if seed is None else int(seed), part, by_station)
    for kind, by_seed in card["choices"].items():
        for seed, by_station in enumerate(by_seed):
            add(kind, 6, seed, "validation", by_station)
    columns = ["kind", "horizon", "seed", "part", "station", "feature", "measure", "error"]
    return pd.DataFrame(rows, columns=columns)


def load_forget_bias_experiments(folder: str | Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What ``make experiments`` found about the forget bias, one row for each training.

    Parameters
    ----------
    folder : str or Path
        The data folder.

    Returns
    -------
    tasks : DataFrame
        The two tasks with a known answer: ``task``, ``bias`` (as text), ``learning_rate``,
        ``seed``, ``outcome`` and more.
    weather : DataFrame
        The forecaster: ``bias`` (as text), ``seed``, ``mae`` in °C, and ``after``, the forget
        biases after training.

    Examples
    --------
    >>> from lstm_helpers.course import models
    >>> tasks, weather = models.load_forget_bias_experiments("../data")
    >>> sorted(tasks["task"].unique()), "mae" in weather
    (['adding', 'remember'], True)
    """
    text = data_file(folder, "forget_bias_experiments.json").read_text(encoding="utf-8")
    card = json.loads(text)
    tables = [pd.DataFrame(card[name]) for name in ("rows", "weather_rows")]
    of_tasks, of_weather = (table.assign(bias=table["bias"].astype(str)) for table in tables)
    return of_tasks, of_weather


def load_window_experiments(folder: str | Path, part: str = "validation") -> pd.DataFrame:
    """The errors that ``make experiments`` found when the network sees less, or more.

    Parameters
    ----------
    folder : str or Path
        The data folder.
    part : str
        ``"validation"`` or ``"test"``.

    Returns
    -------
    DataFrame
        Mean absolute error of temperature in °C: column ``training`` is the mean over the three
        training stations, ``unseen`` the fourth. One row for each network, by ``horizon`` in hours,
        ``shown`` ("newest 12", "with the clock", "without lags 14 to 19" as ``without`` says it,
        "without temp at lags 14 to 19") and ``seed``. "newest 24" are the models of ``make model``.

    Examples
    --------
    >>> from lstm_helpers.course import models
    >>> table = models.load_window_experiments("../data")
    >>> list(table.columns), list(table.index.names)
    (['training', 'unseen'], ['horizon', 'shown', 'seed'])
    """
    path = data_file(folder, "window_experiments.csv")
    table = pd.read_csv(path, keep_default_na=False, dtype=str)
    rows = {}

    def add(horizon, shown, seed, errors):
        mean = float(np.mean([errors[station] for station in TRAINING_STATIONS]))
        rows[int(horizon), shown, int(seed)] = {"training": mean, "unseen": errors[UNSEEN_STATION]}

    stations = (*TRAINING_STATIONS, UNSEEN_STATION)
    for row in table.to_dict("records"):
        errors = {station: float(row[f"{part} {station}"]) for station in stations}
        add(row["horizon"], _shown(row), row["seed"], errors)
    found = load_errors(folder).query(
        "kind == 'trained' and part == @part and feature == 'temp' and measure == 'MAE'"
    )
    for (horizon, seed), rows_of in found.groupby(["horizon", "seed"]):
        errors = dict(zip(rows_of["station"], rows_of["error"], strict=True))
        add(horizon, f"newest {TIME_STEPS}", seed, errors)
    index = pd.MultiIndex.from_tuples(rows, names=["horizon", "shown", "seed"])
    return pd.DataFrame(list(rows.values()), index=index).sort_index()


def _shown(row: dict[str, str]) -> str:
    """What a network of the window experiments gets to see, in words."""
    words = ["with the clock"] if row["clock"] == "True" else []
    if row["without"]:
        lags = without([int(lag) for lag in row["without"].split()])
        features = ", ".join(row["features"].split())
        words.append(lags.replace("without", f"without {features} at") if features else lags)
    return ", ".join(words) or f"newest {row['newest']}"


def without(lags: Iterable[int]) -> str:
    """How ``load_window_experiments`` calls networks that never saw these lags.

    Examples
    --------
    >>> from lstm_helpers.course import models
    >>> models.without(range(14, 20)), models.without([17, 0]), models.without([4])
    ('without lags 14 to 19', 'without lags 0, 17', 'without lag 4')
    """
    lags = sorted(lags)
    if len(lags) > 2 and lags == list(range(lags[0], lags[-1] + 1)):
        return f"without lags {lags[0]} to {lags[-1]}"
    return f"without lag{'s' * (len(lags) > 1)} {', '.join(map(str, lags))}"


def load_named_lags(folder: str | Path) -> dict[str, list[int]]:
    """In which order each method puts the 24 lags at 6 hours, the largest first.

    ``make experiments`` asked five networks on the validation year of Changping, and trained new
    ones without the lags that a method puts first.

    Parameters
    ----------
    folder : str or Path
        The data folder.

    Returns
    -------
    dict of list of int
        By the name of the method.

    Examples
    --------
    >>> from lstm_helpers.course import models
    >>> named = models.load_named_lags("../data")
    >>> sorted(named["gradient"]) == list(range(24))
    True
    """
    card = json.loads(data_file(folder, "window_experiments.json").read_text(encoding="utf-8"))
    return card["named"]


def stored_name(kind: str, horizon: int, seed: int) -> str:
    """The name of a model in the store; an untrained network is the same at every horizon.

    Examples
    --------
    >>> from lstm_helpers.course import models
    >>> models.stored_name("trained", 6, 2), models.stored_name("untrained", 6, 2)
    ('trained_6h_seed2', 'untrained_seed2')
    """
    return f"{kind}_seed{seed}" if kind == "untrained" else f"{kind}_{horizon}h_seed{seed}"
