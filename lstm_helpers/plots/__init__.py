"""All pictures of the package, whatever file they are in; needs Matplotlib and nothing else.

Each function draws on the Axes that it gets, or on new ones, and returns them. It does not show or
save them. Names and units are the caller's. ``show`` puts a finished figure into a notebook, with a
sentence for those who can't see it.
"""

from lstm_helpers.plots.diagram import cell_diagram, describe_cell_diagram
from lstm_helpers.plots.figure import (
    GATE_COLORS,
    GATE_NAMES,
    HIGHLIGHT,
    INK,
    MUTED,
    NOT_FINITE,
    SIGNED,
    STYLE,
    WIDTH,
    show,
    subplots,
)
from lstm_helpers.plots.living import LivingFigure, play
from lstm_helpers.plots.profiles import PROFILE_COLORS, describe_lag_profile, lag_profile
from lstm_helpers.plots.sizes import (
    describe_distributions,
    describe_norms,
    gate_distributions,
    norm_bars,
    rank_scatter,
)
from lstm_helpers.plots.steps import gate_trace, retention
from lstm_helpers.plots.weights import (
    array_map,
    describe_heatmaps,
    gate_heatmaps,
    order_errors,
)

__all__ = [
    "GATE_COLORS",
    "GATE_NAMES",
    "HIGHLIGHT",
    "INK",
    "MUTED",
    "NOT_FINITE",
    "PROFILE_COLORS",
    "SIGNED",
    "STYLE",
    "WIDTH",
    "LivingFigure",
    "array_map",
    "cell_diagram",
    "describe_cell_diagram",
    "describe_distributions",
    "describe_heatmaps",
    "describe_lag_profile",
    "describe_norms",
    "gate_distributions",
    "gate_heatmaps",
    "gate_trace",
    "lag_profile",
    "norm_bars",
    "order_errors",
    "play",
    "rank_scatter",
    "retention",
    "show",
    "subplots",
]
