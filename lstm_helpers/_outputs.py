"""Which output of a model is meant: one number a window, out of all that the model returns.

Of what the model returns, only the shape is asked. So this serves every framework.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lstm_helpers import _checks

Output = int | tuple[int, ...] | Callable[[Any], Any]
"""A column, a place, or a function that takes the output from what the model returns."""


def require_output(output: Any) -> None:
    """Raise unless it is a whole number, a tuple of them or a function.

    Examples
    --------
    >>> from lstm_helpers import _outputs
    >>> _outputs.require_output((-1, 0)) is None
    True
    """
    places = output if isinstance(output, tuple) else (output,)
    if not (callable(output) or all(map(_checks.is_whole, places))):
        raise TypeError(
            f"expected output as a whole number, a tuple of them or a function, got {output!r}"
        )


def selected(
    outputs: Any,
    output: Any,
    windows: int | None,
    kind: str = "model",
    example: str = "outputs[0][:, 0]",
) -> Any:
    """(windows,) of what a model returned.

    Parameters
    ----------
    outputs : tensor (windows, ...), or anything for a function
    output : int, tuple of int or callable
    windows : int, optional
        How many there are. None while TensorFlow traces, where that is open.
    kind, example : str
        For the errors: what the framework calls a model, and how a function may take an output.

    Examples
    --------
    >>> from lstm_helpers import _outputs
    >>> _outputs.selected(np.eye(3), 1, windows=3).tolist()
    [0.0, 1.0, 0.0]
    """
    if callable(output):
        taken = output(outputs)
        if not hasattr(taken, "shape"):
            raise TypeError(f"expected output to return a tensor, got {type(taken).__name__}")
        require_windows(taken.shape, windows)
        return taken
    if not hasattr(outputs, "shape"):
        raise ValueError(
            f"expected a {kind} of one output, or a function that takes it from them, as in "
            f"output=lambda outputs: {example}, got {type(outputs).__name__}"
        )
    place = output if isinstance(output, tuple) else (output,)
    shape = outputs.shape
    if len(place) != len(shape) - 1 or not all(
        size is None or -size <= index < size for index, size in zip(place, shape[1:], strict=True)
    ):
        axes = ", ".join(str(size) for size in ("windows", *shape[1:]))
        raise ValueError(f"expected output as a place in ({axes}), got {output!r}")
    return outputs[(slice(None), *map(int, place))]


def require_windows(shape: Any, windows: int | None) -> None:
    """Raise unless there is one number for each window.

    Examples
    --------
    >>> from lstm_helpers import _outputs
    >>> _outputs.require_windows((3,), windows=3) is None
    True
    """
    shape = tuple(shape)
    if shape not in ((None,), (windows,)):
        raise ValueError(f"expected output to return shape (windows,), got {shape}")


def found(gradient: Any) -> Any:
    """The gradient, unless the framework found no path from the inputs to the output.

    Examples
    --------
    >>> from lstm_helpers import _outputs
    >>> _outputs.found(0.5)
    0.5
    """
    if gradient is None:
        raise ValueError(
            "expected an output that depends on the inputs, got one without a gradient"
        )
    return gradient
