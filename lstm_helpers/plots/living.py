"""Living figures: an LSTM that runs in the reader's browser, in plain JavaScript, weights inside.

``living.js`` runs the network and draws, ``living.css`` is its look. Here the data are written, and
the still picture for pages where no script runs. All three end up in the notebooks: after a change,
run those that hold a living figure again (``make notebooks``).
"""

from __future__ import annotations

import base64
import functools
import html
import importlib.resources
import json
import math
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import ArrayLike

from lstm_helpers import _checks
from lstm_helpers.gates import Gates, LSTMWeights
from lstm_helpers.numpy_lstm import LSTMTrace, replay
from lstm_helpers.plots.figure import GATE_COLORS, GATE_NAMES
from lstm_helpers.readout import Readout

MOST_BYTES = 200_000
"""No figure is larger: a page may hold several, and a notebook keeps them."""
DIGITS = 7
"""All numbers but the weights are rounded to so many significant digits. Two processors differ in
the 16th at most, so they write the same page."""
MOST_ROWS = 32
"""Of a larger layer every second, third, ... unit is drawn, in the order of what they keep; all of
them are computed."""
SHADES = 10
BELOW, ABOVE = "#4393C3", "#D6604D"
"""Blue and red of ``SIGNED``, of a strength that shows on light and on dark pages."""
_MOST_DECIMALS = 20
_PULLS = 20  # small steps up or down, each about a tenth of a standard deviation
_BIAS = 6.0  # how far the forget bias can be moved, up or down


class LivingFigure:
    """What ``play`` returns: Jupyter displays it, and exported pages hold it.

    Attributes
    ----------
    html : str
        The whole figure. It fetches nothing.
    description : str
        One or two sentences for those who can't see it, and for pages where no script runs.

    Examples
    --------
    >>> from lstm_helpers.plots import living
    >>> living.LivingFigure("<figure></figure>", "2 units read 3 steps.")
    2 units read 3 steps.
    """

    def __init__(self, html: str, description: str) -> None:
        self.html = html
        self.description = description

    def __repr__(self) -> str:
        return self.description

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.description}


def play(
    readout: Readout,
    window: ArrayLike,
    *,
    mean: ArrayLike | None = None,
    std: ArrayLike | None = None,
    feature_names: Sequence[str] | None = None,
    output_name: str = "output",
    unit: str | None = None,
    decimals: int | None = None,
    step: str = "steps",
    feature: int = 0,
    lag: int = 0,
) -> LivingFigure:
    """A figure in which the network runs while the reader changes what it reads.

    One can change each reading, move the forget bias and shut gates. Gates, cells and output
    follow. All is in the figure: the weights, and a page of JavaScript. Nothing is fetched.

    Parameters
    ----------
    readout : Readout
        The LSTM and its linear head.
    window : (time, features)
        What the layer reads, as in ``readout.forward``, the oldest step first.
    mean, std : (features,) or one number, optional
        Readings are shown as ``window * std + mean``: what brings them back to the caller's units.
        0 and 1 unless given.
    feature_names : (features,) of str, optional
        With their units, as in ``"pressure (bar)"``.
    output_name : str
        What the output is.
    unit : str, optional
        Of the output.
    decimals : int, optional
        Of the output. If not given, as many as suit the size of the head.
    step : str
        What a step is, in the plural: ``"hours"``.
    feature, lag : int
        The reading that can be changed first; lag 0 is the newest.

    Returns
    -------
    LivingFigure
        The last line of a cell displays it. Where no script runs (JupyterLab runs none before the
        cell is run) it is a still picture with its description.

    Raises
    ------
    TypeError, ValueError
        ``readout`` is no Readout; it does what the script does not (``go_backwards``, mixed
        precision, an activation that ``replay`` does not have either); the window, names or scales
        do not fit or are not finite; or the figure would have more than 200 kB, as with 128 units.

    Notes
    -----
    The weights are in the figure as float32 (bit for bit, if that is what they are); all other
    numbers have 7 significant digits. The script computes in double precision. The same arguments
    give the same bytes, on every processor.

    Examples
    --------
    >>> from lstm_helpers import plots
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> figure = plots.play(lh.Readout(w, np.ones(3)), np.zeros((6, 2)), unit="bar")
    >>> print(figure)
    3 units read 6 steps of 2 readings; output: 0.000 bar. Mean of all units at lag 0: input gate \
0.50, forget gate 0.50, candidate 0.00, output gate 0.50, cell 0.00.
    """
    if not isinstance(readout, Readout):
        raise TypeError(f"expected a Readout, got {type(readout).__name__}")
    w = readout.w
    if w.go_backwards:
        raise ValueError("expected a layer that reads forwards, got go_backwards=True")
    x = _finite("window", window)
    if x.ndim != 2 or x.shape[1] != w.input_dim or 0 in x.shape:
        raise ValueError(f"expected window of shape (time, {w.input_dim}), got {x.shape}")
    time, features = x.shape
    means = _for_each(features, "mean", 0.0 if mean is None else mean)
    stds = _for_each(features, "std", 1.0 if std is None else std)
    if (stds <= 0).any():
        raise ValueError(f"expected std above 0, got {stds.min():g}")
    unit = "" if unit is None else unit
    names = _checks.names_of(features, "names of features", feature_names, "feature {}")
    for what, given in (("output_name", output_name), ("unit", unit), ("step", step)):
        if not isinstance(given, str):
            raise TypeError(f"expected {what} as text, got {type(given).__name__}")
    if decimals is not None:
        decimals = _checks.whole_number("decimals", decimals, 0)
        if decimals > _MOST_DECIMALS:
            raise ValueError(f"expected decimals up to {_MOST_DECIMALS}, got {decimals}")
    feature = _checks.place("feature", feature, features)
    lag = _checks.place("lag", lag, time)

    x, means, stds = _rounded(x), _rounded(means), _rounded(stds)
    exact = _in_double(w)
    replay(w, x[None, :1], keep=("hidden",))  # raises what can't be reproduced, by name
    trace = replay(exact, x[None])
    if not (np.isfinite(trace.hidden).all() and np.isfinite(trace.cell).all()):
        raise ValueError("expected weights with which all signals stay finite, got NaN or infinity")
    rows = _rows(trace)
    head = readout.head.astype("<f4")
    head_bias = float(_rounded(readout.bias))
    value = float(trace.hidden[0, -1] @ head.astype(float)[:, 0] + head_bias)
    # A single large cell would pale all others.
    limit = float(_rounded(np.quantile(np.abs(trace.cell), 0.99), 2)) or 1.0
    digits = decimals
    if digits is None:
        digits = _digits(np.abs(head).sum(dtype=float) + abs(head_bias), 3)
    pulls = np.array([_nice(std / 10) for std in stds])
    real = x * stds + means
    ranges = _rounded([real.min(0) - _PULLS * pulls, real.max(0) + _PULLS * pulls]).T
    if (ranges[:, 0] == ranges[:, 1]).any():
        raise ValueError(
            "expected window * std + mean in which a change by std / 10 shows, got "
            f"{real[0, (ranges[:, 0] == ranges[:, 1]).argmax()]:g}"
        )
    forget = exact.bias.f if exact.bias is not None else np.zeros(w.units)
    # On the steps of the slider, so that it can come back to where it stood.
    same = round(float(forget[0]), 2) if np.ptp(forget) == 0 else 0.0
    data = {
        "units": w.units,
        "activation": w.activation,
        "recurrent_activation": w.recurrent_activation,
        "kernel": _encoded(w.kernel),
        "recurrent_kernel": _encoded(w.recurrent_kernel),
        "bias": _encoded(w.bias or Gates(*np.zeros((4, w.units)))),
        "head": _bytes(head),
        "head_bias": head_bias,
        "window": x.tolist(),
        "mean": means.tolist(),
        "std": stds.tolist(),
        "names": names,
        "output_name": output_name,
        "unit": unit,
        "step": step,
        "digits": digits,
        "decimals": [_digits(pull, 1) for pull in pulls],
        "pull": pulls.tolist(),
        "most": _PULLS,
        "ranges": ranges.tolist(),
        "forget": float(_rounded(same)),
        "forget_range": [float(_rounded(same + side * _BIAS)) for side in (-1, 1)],
        "forget_label": (
            "forget bias of all units" if np.ptp(forget) == 0 else "added to every forget bias"
        ),
        "gates": {**GATE_NAMES, "cell": "cell"},
        "colors": {**GATE_COLORS, "below": BELOW, "above": ABOVE},
        "rows": rows,
        "limit": limit,
        "note": _note(rows, w.units, limit),
        "feature": feature,
        "lag": lag,
    }
    description = _describe(trace, data, _text(value, digits))
    figure = _figure(data, _picture(trace, data, real[:, feature]), description)
    if len(figure.encode()) > MOST_BYTES:
        raise ValueError(
            f"expected a network and a window that take at most {MOST_BYTES} bytes, got "
            f"{len(figure.encode())}: {w.units} units, {features} features, {time} steps"
        )
    return LivingFigure(figure, description)


def _finite(name: str, given: Any) -> np.ndarray:
    found = _checks.real_numbers(name, given).astype(float)
    if not np.isfinite(found).all():
        raise ValueError(f"expected {name} of finite numbers, got {found[~np.isfinite(found)][0]}")
    return found


def _for_each(count: int, name: str, given: Any) -> np.ndarray:
    found = _finite(name, given)
    if found.shape not in ((), (count,)):
        raise ValueError(f"expected {name} of shape ({count},) or one number, got {found.shape}")
    return np.broadcast_to(found, count)


def _rounded(values: Any, digits: int = DIGITS) -> np.ndarray:
    """To so many significant digits, each number by itself."""
    return np.vectorize(lambda value: float(f"{value:.{digits}g}"), otypes=[float])(values)


def _nice(size: float) -> float:
    """The largest of ... 0.1, 0.2, 0.5, 1, 2, 5, ... that is at most ``size`` times 1.0001."""
    power = math.floor(math.log10(size * 1.0001))
    step = max(n for n in (1, 2, 5) if n * 10.0**power <= size * 1.0001)
    return float(f"{step}e{power}")


def _digits(size: float, significant: int) -> int:
    """Decimals with which a tenth of that size shows so many significant digits."""
    if size == 0:
        return significant
    return min(max(significant - math.floor(math.log10(size)), 0), _MOST_DECIMALS)


def _text(value: float, digits: int) -> str:
    """As living.js writes it: without -0.00."""
    return f"{round(float(value), digits) + 0.0:.{digits}f}"


def _bytes(array: np.ndarray) -> str:
    return base64.b64encode(array.astype("<f4").tobytes()).decode()


def _encoded(group: Iterable[np.ndarray]) -> dict[str, str]:
    return {gate: _bytes(array) for gate, array in zip("ifco", group, strict=True)}


def _in_double(w: LSTMWeights) -> LSTMWeights:
    """The weights as the script has them, in double precision: shades are the same everywhere."""

    def cast(group: Gates[np.ndarray]) -> Gates[np.ndarray]:
        return Gates(*(array.astype("f4").astype(float) for array in group))

    return LSTMWeights(
        cast(w.kernel),
        cast(w.recurrent_kernel),
        None if w.bias is None else cast(w.bias),
        activation=w.activation,
        recurrent_activation=w.recurrent_activation,
    )


def _rows(trace: LSTMTrace) -> list[int]:
    """Which unit each row shows: those that keep most, by their mean forget gate, on top."""
    mean = np.round(trace.gates.f[0].mean(axis=0), 6)  # ties stay ties on every processor
    order = np.argsort(-mean, kind="stable").tolist()
    return order[:: math.ceil(len(order) / MOST_ROWS)]


def _note(rows: list[int], units: int, limit: float) -> str:
    shown = "" if len(rows) == units else f", {len(rows)} of {units} drawn"
    return (
        f"Each row is a unit{shown}; those that keep most are on top. Left is the oldest step, "
        "right the newest. Gates: empty is shut (0), full colour is open (1). Candidate and cell: "
        f"blue is below 0, red above; full colour is 1 and, in the cell, {limit:g} or more."
    )


def _describe(trace: LSTMTrace, data: dict[str, Any], value: str) -> str:
    signals = zip(data["gates"].values(), (*trace.gates, trace.cell), strict=True)
    means = ", ".join(f"{name} {_text(signal[0, -1].mean(), 2)}" for name, signal in signals)
    time, features = np.shape(data["window"])
    return (
        f"{data['units']} units read {time} {data['step']} of {features} readings; "
        f"{data['output_name']}: {value}{' ' * bool(data['unit'])}{data['unit']}. "
        f"Mean of all units at lag 0: {means}."
    )


def _shades(signal: np.ndarray, rows: list[int], limit: float) -> list[tuple[int, str]]:
    """By shade, -10 to 10, a path of its runs: as living.js draws them. 0 is not drawn."""
    levels = np.clip(np.floor(SHADES * signal[:, rows].T / limit + 0.5), -SHADES, SHADES)
    paths: dict[int, str] = {}
    for row, line in enumerate(levels.astype(int).tolist()):
        start = 0
        for end in range(1, len(line) + 1):
            if end == len(line) or line[end] != line[start]:
                run = f"M{start} {row}h{end - start}"
                paths[line[start]] = paths.get(line[start], "") + run
                start = end
    return sorted((level, path) for level, path in paths.items() if level)


def _picture(trace: LSTMTrace, data: dict[str, Any], readings: np.ndarray) -> str:
    """The still picture, an SVG: the chosen reading above, gates and cells below."""
    time = len(readings)
    bottom, top = data["ranges"][data["feature"]]
    across = [20 + 720 * (step + 0.5) / time for step in range(time)]
    up = 30 + 90 * (top - readings) / (top - bottom)
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, up, strict=True))
    name = html.escape(data["names"][data["feature"]])
    parts = [
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 760 330' font-size='15' "
        "font-family='sans-serif'><rect width='760' height='330' fill='#fff'/>",
        f"<text x='20' y='20'>{name}</text>",
        f"<polyline points='{points}' fill='none' stroke='#222' stroke-width='2'/>",
    ]
    signals = {**trace.gates._asdict(), "cell": trace.cell}
    for place, (gate, signal) in enumerate(signals.items()):
        left = 20 + 146 * place
        limit = data["limit"] if gate == "cell" else 1.0
        color = GATE_COLORS.get(gate, "#222")
        parts.append(
            f"<text x='{left}' y='150'><tspan fill='{color}'>■</tspan> {data['gates'][gate]}</text>"
            f"<svg x='{left}' y='160' width='136' height='140' preserveAspectRatio='none' "
            f"viewBox='0 -0.5 {time} {len(data['rows'])}' fill='none'>"
        )
        for level, path in _shades(signal[0], data["rows"], limit):
            sign = color if gate in "ifo" else BELOW if level < 0 else ABOVE
            parts.append(f"<path d='{path}' stroke='{sign}' stroke-opacity='{abs(level) / 10:g}'/>")
        parts.append(f"</svg><rect x='{left}' y='160' width='136' height='140' {_FRAME}/>")
    ends = "<text x='20' y='320'>lag {}</text><text x='740' y='320' text-anchor='end'>lag 0</text>"
    return "".join([*parts, ends.format(time - 1), "</svg>"])


_FRAME = "fill='none' stroke='#222'"


def _figure(data: dict[str, Any], picture: str, description: str) -> str:
    """All in one element. What is text is escaped; what is data stands as JSON, without a '<'."""
    lines = ",\n".join(
        f'"{name}": {json.dumps(value, separators=(",", ":"))}' for name, value in data.items()
    )
    still = html.escape(description)
    return (
        '<figure class="lstm-play">\n'
        f'<img alt="{still}" width="760" src="data:image/svg+xml,'
        f'{quote(picture, safe=_SAFE)}">\n'
        f"<figcaption>{still} Where scripts run (in a notebook: after you have run the cell) the "
        "readings, the forget bias and the gates can be changed.</figcaption>\n"
        f'<script type="application/json">{{{_without_tags(lines)}}}</script>\n'
        f"<style>\n{_file('living.css')}</style>\n<script>\n{_file('living.js')}</script>\n"
        "</figure>"
    )


_SAFE = " ='/:;,.()-+*!"


def _without_tags(text: str) -> str:
    """The same JSON: a name that holds </script> must not end the script."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@functools.cache
def _file(name: str) -> str:
    return (importlib.resources.files(__package__) / name).read_text(encoding="utf-8")
