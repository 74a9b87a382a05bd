"""What a report says in words. Each number in it is a cell of its tables."""

from __future__ import annotations

import numpy as np

from lstm_helpers._report_measures import METHODS
from lstm_helpers._report_tables import Table, Warned, shown

Sections = dict[str, list[str]]


def sections(tables: dict[str, Table], warned: list[Warned], note: str, step: str) -> Sections:
    """The sentences of each section, in the order of the page."""
    found: Sections = {
        "The model": _model(tables, step),
        "What stands out": _named(tables["stands out"]),
        "Warnings": [f"{w.kind.capitalize()}: {w.reason}" for w in warned] or ["None."],
        "What it listens to": _outside(tables),
        "What it does inside": _inside(tables, note, step),
    }
    if "feature norms" in tables:
        found["What the norms don't say"] = _norms(tables)
    if "probes" in tables:
        found["What the state knows of the time"] = _probes(tables)
    found["How it was measured"] = _how(tables)
    return found


def _values(table: Table) -> dict[str, str]:
    return {str(what): shown(value) for what, value, *_ in table.rows}


def _model(tables: dict[str, Table], step: str) -> list[str]:
    of = _values(tables["model"])
    title = of["kind"] if of["kind"] == of["name"] else f"{of['kind']} {of['name']}"
    said = [
        f"{title}, with {of['weights']} weights, reads windows of {of['steps']} "
        f"{step} and {of['features']} features. Explained is its output {of['output']}."
    ]
    for row in tables["layers"].rows if "layers" in tables else ():
        path, features, units, *_ = row
        said.append(f"LSTM {path}: {shown(units)} units that read {shown(features)} features.")
    if "targets" in tables:
        error, constant, _ = tables["targets"].column("value")
        said.append(
            f"Its mean absolute error is {shown(error)}, that of a constant {shown(constant)}."
        )
    return said


def _named(table: Table) -> list[str]:
    return [
        f"No {what[:-1]} stands out."
        if named is None
        else f"{what.capitalize()}: {named} ({shown(share)} % of all {what})."
        for what, named, share in zip(*map(table.column, table.columns), strict=True)
    ]


def _outside(tables: dict[str, Table]) -> list[str]:
    lags, features, grid = tables["lags"], tables["features"], tables["map"]
    said = []
    for table, what in ((lags, "lag"), (features, "feature")):
        names = table.column(what)
        tops = {}
        for method in METHODS:
            column = next(name for name in table.columns if name.startswith(method))
            values = np.array(table.column(column), dtype=float)
            order = np.argsort(-np.nan_to_num(values, nan=-np.inf), kind="stable")[:3]
            tops[method] = ", ".join(f"{names[n]} ({shown(float(values[n]))})" for n in order)
        said.append(
            f"The largest {what}s by {METHODS[0]}: {tops[METHODS[0]]}; by {METHODS[1]}: "
            f"{tops[METHODS[1]]}; by {METHODS[2]}: {tops[METHODS[2]]}."
        )
    values = np.array([row[1:] for row in grid.rows], dtype=float)
    lag, feature = np.unravel_index(np.nanargmax(values), values.shape)
    said.append(
        f"The largest of all is {grid.columns[1 + feature]} at lag {lag}, "
        f"{shown(float(values[lag, feature]))}."
    )
    over = zip(
        tables["agreement"].column("methods"),
        tables["agreement"].column("rank correlation over lags"),
        tables["agreement"].column("shared over lags (%)"),
        strict=True,
    )
    said += [
        f"Over lags, {pair} share {shown(common)} %, rank correlation {shown(rank)}."
        for pair, rank, common in over
    ]
    return said


def _inside(tables: dict[str, Table], note: str, step: str) -> list[str]:
    if "layers" not in tables:
        return [f"Nothing can be said of the inside: {note}."]
    said = []
    gates = tables["gates"]
    for row in tables["memory"].rows:
        path, shortest, median, longest, slowest, line = row
        means = [f"{gate} {shown(mean)}" for of, gate, mean, *_ in gates.rows if of == path]
        said.append(
            f"{path}: mean gates {', '.join(means)}. A cell keeps half for {shown(shortest)} to "
            f"{shown(longest)} {step}, the median unit for {shown(median)}; the slowest time "
            f"constant is {shown(slowest)} {step}."
        )
        said.append(
            f"Of what old readings do, {shown(line)} % comes along the cell's own line in {path}. "
            "The rest went through the hidden state, which forget gates don't show."
        )
    return said


def _norms(tables: dict[str, Table]) -> list[str]:
    of = tables["feature norms"]
    features, norms, worth = (of.column(name) for name in of.columns)
    first, second = (features[int(np.argmax(values))] for values in (norms, worth))
    said = [
        "A norm does not know how far a feature moves, nor what comes of it. The largest norm is "
        f"that of {first}, the largest effect that of {second}."
    ]
    if len(features) >= LEAST_RANKED:
        rank = _values(tables["model"])["rank correlation of norms and worth"]
        said.append(f"Over the features, the two have rank correlation {rank} here.")
    return said


# Of three features the ranks are the same by chance one time in six.
LEAST_RANKED = 5


def _probes(tables: dict[str, Table]) -> list[str]:
    said = []
    for path, quantity, state, untrained, readings, newest, shuffled, _ in tables["probes"].rows:
        said.append(
            f"The {quantity} is read from the last hidden state of {path} with R² {shown(state)}; "
            f"from an untrained layer {shown(untrained)}, from the readings of the window "
            f"{shown(readings)}, from the newest one {shown(newest)}; shuffled {shown(shuffled)}."
        )
    return [*said, "Only what is above the untrained layer was learned."]


def _how(tables: dict[str, Table]) -> list[str]:
    value = _values(tables["model"])
    said = [
        f"Of {value['windows']} windows, {value['windows explained']} were drawn for expected "
        f"gradients, each from {value['other windows as baselines']} other windows of the data; "
        f"the integrals are off by {value['error of the integrals (%)']} %.",
        f"In {value['windows replaced']} windows, lags and features were replaced by those of "
        f"{value['other windows as replacements']} others, {value['lags at once']} lag at a time. "
        "Occlusion is how far the mean output then is from the output; permutation is "
        + (
            "how much the error grows."
            if "targets" in tables
            else "how far the output moves, since no targets were given."
        ),
        "The draw is the same in each run (seed 0). ± in the tables is the standard error over "
        "the windows drawn.",
    ]
    return said
