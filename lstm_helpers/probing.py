"""What can be read from a state: linear probes."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from lstm_helpers import _checks


@dataclasses.dataclass(frozen=True, eq=False)
class Probe:
    """A linear map from states to what they may know, and how well it reads states it never saw.

    Attributes
    ----------
    weights : (units, targets) array, float64
        In units of the target per unit of the state. 0 for a unit that never varies.
    intercept : (targets,) array
    r2 : float
        On the validation data: 1 if all is read exactly, 0 if no better than their mean; below 0
        if worse. Of several targets the squares are added before dividing.

    Examples
    --------
    >>> states = np.random.default_rng(0).normal(size=(50, 3))
    >>> found = lh.probe((states[:40], states[:40, 0]), (states[40:], states[40:, 0]))
    >>> found.weights.shape, found
    ((3, 1), Probe(units=3, targets=1, r2=1.00))
    """

    weights: np.ndarray
    intercept: np.ndarray
    r2: float

    def read(self, states: np.ndarray) -> np.ndarray:
        """What the probe reads from other states.

        Parameters
        ----------
        states : (batch, units) array

        Returns
        -------
        (batch, targets) array, float64

        Raises
        ------
        TypeError, ValueError
            They are not finite real numbers of that shape.

        Examples
        --------
        >>> states = np.random.default_rng(0).normal(size=(50, 3))
        >>> found = lh.probe((states[:40], states[:40, 0]), (states[40:], states[40:, 0]))
        >>> found.read(states[:5]).shape
        (5, 1)
        """
        return _table("states", states, len(self.weights)) @ self.weights + self.intercept

    def __repr__(self) -> str:
        units, targets = self.weights.shape
        return f"Probe(units={units}, targets={targets}, r2={self.r2:.2f})"


def probe(
    training: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
    *,
    penalty: float = 1.0,
) -> Probe:
    """Fit a linear probe on some states, and score it on others.

    Parameters
    ----------
    training, validation : (states, targets)
        States are (batch, units): a hidden or cell state at one step, say. Targets are (batch,) or
        (batch, targets), in any unit. For an angle, such as the hour of the day, give its sine and
        cosine, since 23 h and 0 h are neighbours.
    penalty : float
        Of ridge regression, on the squared weights of states that are scaled to variance 1. 0 is
        least squares.

    Returns
    -------
    Probe
        The map, and its R² on the validation data.

    Raises
    ------
    TypeError
        A pair is no pair, or not made of real numbers.
    ValueError
        Shapes do not fit; a number is NaN or infinite; there are fewer than two windows; a target
        never varies in the validation data; ``penalty`` is negative.

    Notes
    -----
    Alain and Bengio (2016), arXiv:1610.01644. A high score alone says nothing about the network:
    the inputs may tell as much, or a network that has learned nothing. Compare with the same probe
    on an untrained network, on one trained on shuffled targets, on the inputs themselves, and with
    shuffled targets of the probe: Hewitt and Liang (2019), arXiv:1909.03368. Nor does it say that
    the network *uses* what can be read; ``replay(..., edit=)`` tries that.

    The weights say how to read the target, not how the states move with it: for that, swap the
    two, ``probe((targets, states), ...)``. Haufe et al. (2014),
    https://doi.org/10.1016/j.neuroimage.2013.10.067, say why they differ.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> states = rng.normal(size=(500, 3))
    >>> knows = states[:, 0] - states[:, 2] + rng.normal(size=500)  # and half is noise
    >>> found = lh.probe((states[:400], knows[:400]), (states[400:], knows[400:]))
    >>> found.weights.shape
    (3, 1)
    >>> bool(0.5 < found.r2 < 0.8)
    True
    """
    states, targets = _pair("training", training)
    others, wanted = _pair("validation", validation, states.shape[1], targets.shape[1])
    penalty = _checks.finite_number("penalty", penalty)
    if penalty < 0:
        raise ValueError(f"expected penalty of at least 0, got {penalty:g}")
    spread = ((wanted - wanted.mean(axis=0)) ** 2).sum()
    if not np.ptp(wanted, axis=0).all():
        raise ValueError("expected targets of validation that vary, got a constant")
    mean = states.mean(axis=0)
    # Over infinity a unit that never varies is 0, and so is its weight; its spread may be rounding.
    std = np.where(np.ptp(states, axis=0) > 0, states.std(axis=0), np.inf)
    scaled = (states - mean) / std
    # As rows of data: so a penalty of 0 serves too, where units say the same.
    rows = np.concatenate([scaled, np.sqrt(penalty) * np.eye(scaled.shape[1])])
    centre = targets.mean(axis=0)
    aims = np.concatenate([targets - centre, np.zeros((scaled.shape[1], targets.shape[1]))])
    weights = np.linalg.lstsq(rows, aims, rcond=None)[0] / std[:, None]
    intercept = centre - mean @ weights
    missed = ((others @ weights + intercept - wanted) ** 2).sum()
    return Probe(weights, intercept, float(1 - missed / spread))


def _pair(
    name: str, given: Any, units: int | None = None, count: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """States (batch, units) and targets (batch, targets), float64, two windows at least."""
    if not isinstance(given, tuple | list) or len(given) != 2:
        got = f"{len(given)} items" if isinstance(given, tuple | list) else type(given).__name__
        raise TypeError(f"expected {name} as (states, targets), got {got}")
    states = _table(f"states of {name}", given[0], units)
    targets = _checks.real_numbers(f"targets of {name}", given[1])
    if targets.ndim == 1:
        targets = targets[:, None]
    targets = _table(f"targets of {name}", targets, count)
    if len(targets) != len(states):
        raise ValueError(
            f"expected targets of {name} for each of {len(states)} windows, got {len(targets)}"
        )
    if len(states) < 2:
        raise ValueError(f"expected at least 2 windows of {name}, got {len(states)}")
    return states, targets


def _table(name: str, given: Any, columns: int | None) -> np.ndarray:
    """Finite float64 numbers (batch, columns)."""
    found = _checks.real_numbers(name, given)
    if found.ndim != 2 or found.shape[1] != (columns or max(found.shape[1], 1)):
        wanted = f"(batch, {columns or 'columns'})"
        raise ValueError(f"expected {name} of shape {wanted}, got {found.shape}")
    found = found.astype(float)
    if not np.isfinite(found).all():
        raise ValueError(f"expected {name} as finite numbers, got {found[~np.isfinite(found)][0]}")
    return found
