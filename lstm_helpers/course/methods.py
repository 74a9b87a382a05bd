"""The methods that the scoreboard asks: each with what it starts from and what it puts in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lstm_helpers import _checks, attribution, memory, rescaling, shapley_values
from lstm_helpers.course.worlds import VALUE, World
from lstm_helpers.gates import feature_norms
from lstm_helpers.numpy_lstm import replay

Answers = dict[str, np.ndarray]
"""By question: "lag", (time,) with lag 0 first, and "feature", (features,), both 0 or more, in any
unit; "sign", (time, features) with lag 0 first: below 0 where a higher reading lowers the output.
"""

SOME = 40
"""Windows that the slow methods are asked about: the first ones. The next are their references."""
REFERENCES = 20


def others(world: World) -> np.ndarray:
    """(20, 1, time, features): other windows of the world, for each window the same.

    Examples
    --------
    >>> from lstm_helpers.course import methods, worlds
    >>> methods.others(worlds.planted("one lag", seed=0)).shape
    (20, 1, 24, 3)
    """
    return world.inputs[SOME : SOME + REFERENCES, None]


def alike(world: World) -> np.ndarray:
    """(20, 40, time, features): for each of the first windows those that differ least from it.

    Each feature is divided by its spread, and all lags count the same.

    Examples
    --------
    >>> from lstm_helpers.course import methods, worlds
    >>> methods.alike(worlds.planted("one lag", seed=0)).shape
    (20, 40, 24, 3)
    """
    x = world.inputs
    spread = x.std(axis=(0, 1))
    flat = (x / np.where(spread > 0, spread, 1)).reshape(len(x), -1)
    distances = ((flat[:SOME, None] - flat) ** 2).sum(axis=2)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, 1 : 1 + REFERENCES]
    return np.moveaxis(x[nearest], 1, 0)


def _weight_norms(world: World) -> Answers:
    """Rows of the kernel, all gates together. Every step uses the same weights: no lags."""
    return {"feature": np.linalg.norm(feature_norms(world.weights), axis=0)}


def _gate_products(world: World) -> Answers:
    """How far the gates are open from a step until the output. They tell nothing of features."""
    trace = replay(world.weights, world.inputs)
    opened = trace.gates.i * memory.retention(trace) * trace.gates.o[:, -1:]
    return {"lag": attribution.temporal_profile(opened @ np.abs(world.head))}


def _cell_contributions(world: World) -> Answers:
    """The same, multiplied by what was written: they add up to the output."""
    trace = replay(world.weights, world.inputs)
    written = memory.cell_contributions(trace)[0] * trace.gates.o[:, -1:] @ world.head
    return {"lag": attribution.temporal_profile(written), "sign": slopes(written, world.inputs)}


def _gradient(world: World) -> Answers:
    """It is a slope itself. Its mean over windows is the sign."""
    slope = world.gradient(world.inputs)
    return by_axis(slope) | {"sign": slope.mean(axis=0)[::-1]}


def _from_baseline(baselines: Callable[[World], Any], n_steps: int = 20, some: int | None = None):
    """Integrated gradients; expected gradients, if there are several baselines."""

    def method(world: World) -> Answers:
        x = world.inputs[:some]
        parts = attribution.integrated_gradients(world.gradient, x, baselines(world), n_steps)
        return by_axis(parts) | {"sign": slopes(parts, x)}

    return method


def _occlusion(baselines: Callable[[World], Any], some: int | None = None):
    def method(world: World) -> Answers:
        x = world.inputs[:some]
        lost = attribution.occlusion(world.forward, x, baselines(world))
        return by_axis(lost) | {"sign": slopes(lost, x)}

    return method


def _permutation(groups: Callable[[World], Any]):
    """Increase of the mean absolute error: it has no sign."""

    def method(world: World) -> Answers:
        def error(windows):
            return np.abs(world.forward(windows) - world.targets).mean()

        return {
            axis: attribution.permutation(
                error, world.inputs, axis=axis, groups=groups(world), repeats=2
            )
            for axis in ("lag", "feature")
        }

    return method


def _shapley(world: World) -> Answers:
    """Each lag is a group; where it is absent, other windows' readings stand."""
    x = world.inputs[:SOME]
    shares = shapley_values.shapley(world.forward, x, others(world)[:10], n_samples=20)
    return {"lag": np.abs(shares).mean(axis=0), "sign": slopes(shares[:, ::-1, None], x)}


def _rescaling(world: World) -> Answers:
    """Of gradient x input, which fooled fewest worlds when rescaled; it has no sign."""
    rescaled = rescaling.temporal_saliency_rescaling(
        lambda x: world.gradient(x) * x, world.inputs[:SOME]
    )
    return by_axis(rescaled)


METHODS: dict[str, Callable[[World], Answers | np.ndarray]] = {
    "weight norms": _weight_norms,
    "gate products": _gate_products,
    "cell contributions": _cell_contributions,
    "gradient": _gradient,
    "gradient x input": lambda world: world.gradient(world.inputs) * world.inputs,
    "integrated gradients, zeros": _from_baseline(lambda world: 0.0),
    "integrated gradients, mean": _from_baseline(lambda world: world.inputs.mean(axis=0)),
    "expected gradients, others": _from_baseline(others, 10, SOME),
    "expected gradients, alike": _from_baseline(alike, 10, SOME),
    "occlusion, zeros": _occlusion(lambda world: 0.0),
    "occlusion, others": _occlusion(lambda world: others(world)[:10], SOME),
    "permutation": _permutation(lambda world: None),
    "permutation, alike": _permutation(
        lambda world: np.floor(world.inputs[:, -1, VALUE] / 0.15).astype(int)
    ),
    "Shapley values": _shapley,
    "saliency rescaling": _rescaling,
}
"""Functions of a World. One may return attributions in the shape of the world's inputs, in units of
the output; of them ``ask`` takes absolute values, the mean over windows and the sum over the other
axis, and ``slopes`` for the sign. Or it returns ``Answers``, to all questions or to some:
``by_axis`` of attributions that have no sign.

After the comma stands what each starts from or puts in: zeros, the mean of the windows, ``others``
or ``alike``. Permutation, alike, shuffles only among windows whose newest value is nearly the same,
to .15. The number of nodes, orders and shuffles is large enough: more change no verdict.
"""


def by_axis(attributions: np.ndarray) -> Answers:
    """Importance by lag and by feature: mean over windows and sum over the rest, of sizes.

    Examples
    --------
    >>> from lstm_helpers.course import methods
    >>> found = methods.by_axis(np.array([[[1.0, -2.0], [0.5, 0.0]]]))  # 1 window, 2 steps
    >>> found["lag"].tolist(), found["feature"].tolist()
    ([0.5, 3.0], [1.5, 2.0])
    """
    return {
        "lag": attribution.temporal_profile(attributions),
        "feature": np.abs(attributions).sum(axis=1).mean(axis=0),
    }


def slopes(attributions: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """Whether the attribution of a reading is larger where the reading is: its covariance with it.

    The attribution itself has another sign: whether the reading raised the output *from its
    baseline*. A low reading with a negative effect raises it.

    Parameters
    ----------
    attributions : (windows, time, features) array
        Or (windows, time, 1), if a method tells lags alone.
    inputs : (windows, time, features) array

    Returns
    -------
    (time, features) array
        Lag 0 first. Above 0 where a higher reading raises the output.

    Raises
    ------
    TypeError, ValueError
        One of them is no array of numbers with three axes, or they do not fit.

    Examples
    --------
    >>> from lstm_helpers.course import methods
    >>> x = np.array([[[1.0]], [[2.0]], [[3.0]]])
    >>> float(methods.slopes(-2 * x, x)[0, 0]) < 0  # the output is -2 x
    True
    """
    inputs = _checks.windows("inputs", inputs)
    attributions = _checks.windows("attributions", attributions)
    if attributions.shape not in (inputs.shape, (*inputs.shape[:2], 1)):
        raise ValueError(
            f"expected attributions in the shape of inputs, {inputs.shape}, or with one feature, "
            f"got {attributions.shape}"
        )
    return ((attributions - attributions.mean(axis=0)) * inputs).mean(axis=0)[::-1]
