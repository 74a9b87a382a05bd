"""One call, one page: what a model looks at, how long it remembers, and what of that to doubt.

``report`` asks a model from outside, by three methods that fail in different ways, and looks inside
where it has LSTMs. Every number is in a table, so that others can go on with it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lstm_helpers import (
    _checks,
    _report_measures,
    _report_memory,
    _report_models,
    _report_named,
    _report_page,
    _report_probes,
    _report_text,
    _report_warnings,
)
from lstm_helpers._outputs import Output, require_output
from lstm_helpers._ranks import spearman
from lstm_helpers._report_measures import METHODS, Outside
from lstm_helpers._report_models import Layer, Opened
from lstm_helpers._report_named import Named
from lstm_helpers._report_tables import Table, Warned, table

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, eq=False)
class Report:
    """What ``report`` found: tables, warnings, a text and a page.

    In a notebook it displays as a page; printed it is its text.

    Attributes
    ----------
    tables : dict of Table
        By name: ``"model"``, ``"stands out"``, ``"inputs"``, ``"lags"``, ``"features"``,
        ``"map"``, ``"agreement"``, ``"warnings"``; with targets ``"targets"``; of a model with
        LSTMs ``"layers"``, ``"norms"``, ``"gates"``, ``"memory"``, ``"roads"``, ``"units"``,
        ``"starts"`` and ``"feature norms"``; with times that can be
        probed ``"probes"``. Each has ``columns``, ``rows`` and ``column(name)``.
    named : Named
        ``lags``, ``features`` and ``units`` that stand out; None where none do.
    warnings : list of Warned
        Each with ``kind``, ``where``, ``number``, ``bound`` and ``reason``.
    sections : dict from str to list of str
        The sentences of the text, by heading.
    weights : dict of LSTMWeights
        Of each LSTM, by path.
    step : str
        What a step is, in the plural.

    Examples
    --------
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> x = np.random.default_rng(0).normal(size=(60, 6, 2))
    >>> found = lh.report(lh.Readout(w, np.ones(3)), x, feature_names=["wind", "rain"])
    >>> [warned.kind for warned in found.warnings]
    []
    >>> print(found.text.splitlines()[0])
    Readout
    """

    tables: dict[str, Table]
    named: Named
    warnings: list[Warned]
    sections: dict[str, list[str]]
    weights: dict[str, Any]
    step: str

    @property
    def title(self) -> str:
        """What was read: kind and name of the model.

        Examples
        --------
        >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
        >>> x = np.random.default_rng(0).normal(size=(60, 6, 2))
        >>> found = lh.report(lh.Readout(w, np.ones(3)), x)
        >>> found.title
        'Readout'
        """
        kind, name = self.tables["model"].column("value")[:2]
        return str(kind) if kind == name else f"{kind} {name}"

    @property
    def text(self) -> str:
        """The short text: headings, and a sentence a line.

        Examples
        --------
        >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
        >>> x = np.random.default_rng(0).normal(size=(60, 6, 2))
        >>> found = lh.report(lh.Readout(w, np.ones(3)), x)
        >>> found.text.splitlines()[:3]
        ['Readout', '', 'The model']
        """
        lines = [self.title]
        for heading, sentences in self.sections.items():
            lines += ["", heading, *(f"- {sentence}" for sentence in sentences)]
        return "\n".join(lines)

    def html(self) -> str:
        """The page, with its figures inside, as one text; nothing is fetched.

        Returns
        -------
        str
            Without Matplotlib the page has no figures, and says so.

        Examples
        --------
        >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
        >>> x = np.random.default_rng(0).normal(size=(60, 6, 2))
        >>> lh.report(lh.Readout(w, np.ones(3)), x).html()[:15]
        '<!DOCTYPE html>'
        """
        return _report_page.page(self)

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write the page, the text and each table into a folder.

        Parameters
        ----------
        folder : str or path
            Made if it does not exist; files of the same names are replaced.

        Returns
        -------
        list of Path
            ``report.html``, ``report.txt`` and ``tables/<name>.csv``.

        Raises
        ------
        TypeError, ValueError
            ``folder`` is no path, or a file.

        Examples
        --------
        >>> import tempfile
        >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
        >>> x = np.random.default_rng(0).normal(size=(60, 6, 2))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     files = lh.report(lh.Readout(w, np.ones(3)), x).save(folder)
        >>> [file.name for file in files[:3]]
        ['report.html', 'report.txt', 'model.csv']
        """
        if not isinstance(folder, str | os.PathLike):
            raise TypeError(f"expected folder as a path, got {type(folder).__name__}")
        top = Path(folder)
        if top.exists() and not top.is_dir():
            raise ValueError(f"expected a folder, got the file {folder}")
        contents = {"report.html": self.html(), "report.txt": self.text + "\n"}
        contents |= {
            f"tables/{name.replace(' ', '_')}.csv": of.csv() for name, of in self.tables.items()
        }
        (top / "tables").mkdir(parents=True, exist_ok=True)
        files = []
        for name, content in contents.items():
            (top / name).write_text(content, encoding="utf-8", newline="\n")
            files.append(top / name)
        return files

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return _report_page.fragment(self, level=2)


def report(
    model: Any,
    x: np.ndarray,
    y: ArrayLike | None = None,
    *,
    output: Output = 0,
    feature_names: Sequence[str] | None = None,
    times: ArrayLike | None = None,
    unit: str | None = None,
    step: str = "steps",
) -> Report:
    """Read a model: which lags and features it looks at, how long it remembers, and what to doubt.

    Parameters
    ----------
    model : keras.Model, torch.nn.Module or Readout
        With one input (windows, time, features). Without an LSTM the report says what attributions
        can say.
    x : (windows, time, features)
        Windows as the model reads them, at least two: of the validation data, say. What is said
        holds for these.
    y : (windows,) or (windows, outputs), optional
        The targets, in the unit of the output. Without them, permutation says how far the output
        moves, and not how much worse it gets.
    output : int, tuple of int or callable
        Which output is explained, as in ``keras_tools.keras_forward``. Of ``y`` with several
        columns the one of that number is taken.
    feature_names : (features,) of str, optional
    times : (windows,) of dates, optional
        Of the newest reading of each window. Linear probes then say what the last hidden states
        know of the hour and the season, beside controls (``probe``), if there are 100 windows, and
        times that span more than two thirds of a day, or of a year.
    unit : str, optional
        Of the output.
    step : str
        What a step is, in the plural: ``"hours"``.

    Returns
    -------
    Report
        With ``tables``, ``warnings``, ``text``, ``html()`` and ``save(folder)``.

    Raises
    ------
    TypeError
        ``model`` is something else, or an argument is not made of numbers or names.
    ValueError
        The model can't be asked for this output, does not read these windows, or is stateful; or
        windows, targets, names or times do not fit each other; or a number is not finite.

    Notes
    -----
    Expected gradients (Erion et al. 2021, https://arxiv.org/abs/1906.10670) from 20 of the windows,
    four nodes on each line. Occlusion (Zeiler and Fergus 2014, https://arxiv.org/abs/1311.2901) and
    permutation (Breiman 2001) replace a lag, or a feature, by that of five of the windows. (One
    that lends its readings may be among those that are asked, and is then once compared with
    itself.) No baseline is made up. At most 300 windows are asked, the same in each run. Where a
    large model would take longer than about a minute, it is fewer of them, or neighbouring lags
    are replaced together; the size decides, and the report says how many. Read ``memory`` for what
    is measured inside.

    What is trained on other data, or retrained without a lag, may look elsewhere:
    ``retrain_without`` says what is needed.

    Examples
    --------
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> x = np.random.default_rng(0).normal(size=(60, 6, 2))
    >>> found = lh.report(lh.Readout(w, np.ones(3)), x, feature_names=["wind", "rain"])
    >>> int(np.argmax(found.tables["lags"].column("expected gradients")))  # the newest
    0
    >>> [sentence for sentence in found.sections["Warnings"]]
    ['None.']
    """
    require_output(output)
    x = _report_models.checked_windows("x", x)
    names = _checks.names_of(x.shape[2], "names of features", feature_names, "feature {}")
    targets = None if y is None else _report_models.checked_targets(y, len(x), output)
    moments = _times(times, len(x))
    for name, text in (("step", step), ("unit", "" if unit is None else unit)):
        if not isinstance(text, str):
            raise TypeError(f"expected {name} as a text, got {type(text).__name__}")
    opened = _report_models.opened(model, output)
    mask = None if opened.mask_value is None else ~(x == opened.mask_value).all(axis=2)
    if mask is not None and not mask.any(axis=1).all():
        none = np.flatnonzero(~mask.any(axis=1))[0]
        raise ValueError(f"expected a step that counts in each window, got none in window {none}")
    with _threads_held():
        _log.info("attributions of output %s on %d windows", output, len(x))
        outside = _report_measures.measured(opened, x, targets, mask)
        _log.info("looking inside")
        layers, note = _looked_into(opened, x, outside.outputs)
        inside = _report_memory.measured(layers)
        probes = {}
        if moments is not None and layers:
            _log.info("probing")
            probes = _report_probes.measured(opened, x, moments)
    return _written(
        opened, outside, inside, probes, note, x, targets, mask, names, output, unit, step
    )


def _written(
    opened: Opened,
    outside: Outside,
    inside: _report_memory.Inside,
    probes: dict[str, Table],
    note: str,
    x: np.ndarray,
    targets: np.ndarray | None,
    mask: np.ndarray | None,
    names: list[str],
    output: Any,
    unit: str | None,
    step: str,
) -> Report:
    """Tables, then warnings from them, then sentences from both."""
    worth = outside.features[METHODS[0]]
    tables = {"inputs": _report_warnings.scales(x, mask, names)}
    tables |= _report_measures.tables(outside, names, unit)
    tables |= _report_memory.tables(inside, step)
    tables |= _report_memory.norms_beside(inside.layers, names, worth) | probes
    model = {"model": _model(opened, outside, tables, x, output)}
    warned = [
        *_report_warnings.unscaled(tables["inputs"], opened.normalizes),
        *_report_warnings.never_zero(tables["inputs"]),
    ]
    weights = {path: layer.w for path, layer in inside.layers.items()}
    if weights:
        tables["starts"] = _report_warnings.starts(weights)
        warned += _report_warnings.untrained(tables["starts"])
    if targets is not None:
        tables["targets"], more = _report_warnings.against_targets(
            x, outside.outputs, targets, names
        )
        warned += more
    warned += _report_warnings.about_methods(outside, tables["agreement"], len(x), step)
    warned += _report_warnings.about_layers(inside, tables)
    untrained = any(one.kind == "looks untrained" for one in warned)
    named = _report_named.named(outside, inside, untrained)
    stands = {"stands out": _report_named.short(named, outside, inside, names)}
    tables = {**model, **stands, **tables}
    tables["warnings"] = table(
        "Warnings",
        {
            "warning": [one.kind for one in warned],
            "where": [one.where for one in warned],
            "number": [one.number for one in warned],
            "begins at": [one.bound for one in warned],
        },
    )
    sections = _report_text.sections(tables, warned, note, step)
    return Report(tables, named, warned, sections, weights, step)


def _model(
    opened: Opened, outside: Outside, tables: dict[str, Table], x: np.ndarray, output: Any
) -> Table:
    effort = outside.effort
    rows = {
        "kind": opened.kind,
        "name": opened.name,
        "weights": opened.numbers,
        "windows": len(x),
        "steps": x.shape[1],
        "features": x.shape[2],
        "output": "given by a function" if callable(output) else str(output),
        "windows explained": effort.windows,
        "other windows as baselines": effort.samples,
        "error of the integrals (%)": 100 * outside.delta,
        "windows replaced": effort.replaced,
        "other windows as replacements": effort.donors,
        "lags at once": effort.block,
        "share that counts as nothing (%)": 100 * _report_warnings.UNUSED,
    }
    if "feature norms" in tables:
        sizes, worth = (tables["feature norms"].column(name) for name in NORMS_BESIDE)
        rows["rank correlation of norms and worth"] = spearman(sizes, worth)
    return table("The model", {"what": list(rows), "value": list(rows.values())})


NORMS_BESIDE = ("norm of its rows", "expected gradients")


def _looked_into(
    opened: Opened, x: np.ndarray, outputs: np.ndarray
) -> tuple[dict[str, Layer], str]:
    """The LSTMs with their traces, and why there are none."""
    try:
        units = sum(layer.w.units for layer in opened.look(x[:2]).values())
        count = _report_memory.windows_to_trace(units, x.shape)
        chosen = np.sort(np.random.default_rng(0).choice(len(x), count, replace=False))
        return _report_models.with_heads(opened.look(x[chosen]), outputs[chosen]), ""
    except (TypeError, ValueError, RuntimeError) as error:
        return {}, str(error)


def _times(times: Any, count: int) -> np.ndarray | None:
    if times is None:
        return None
    found = _checks.array("times as dates", times)
    if found.dtype.kind == "O":
        with contextlib.suppress(ValueError, TypeError):
            found = found.astype("datetime64[s]")
    if found.dtype.kind != "M":
        raise TypeError(f"expected times as dates, got dtype {found.dtype}")
    if found.shape != (count,):
        raise ValueError(f"expected a time for each of {count} windows, got {found.shape}")
    if np.isnat(found).any():
        raise ValueError("expected a time for each window, got NaT")
    return found


@contextlib.contextmanager
def _threads_held() -> Iterator[None]:
    """One thread for BLAS, if threadpoolctl can be asked: more wait for each other."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        yield
    else:
        with threadpool_limits(1, user_api="blas"):
            yield
