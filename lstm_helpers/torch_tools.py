"""The tools that need PyTorch: any module as functions on arrays, and the weights of its LSTMs."""

from __future__ import annotations

import contextlib
import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from lstm_helpers import _checks, _outputs
from lstm_helpers._outputs import Output
from lstm_helpers.gates import LSTMWeights

try:
    import torch
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise ImportError(
        "expected PyTorch for lstm_helpers.torch_tools, got none: pip install torch, or "
        "lstm-helpers[torch]",
        name="torch",
    ) from error


def torch_forward(
    module: Any,
    output: Output = 0,
    *,
    batch_first: bool = True,
    fixed: Mapping[str, Any] | None = None,
) -> Callable[..., np.ndarray]:
    """One output of a PyTorch module, as a function on arrays: the ``forward`` of attributions.

    Parameters
    ----------
    module : torch.nn.Module
        Its first argument is the windows. Each call uses the weights, the dtype and the device
        that its parameters have at that time.
    output : int, tuple of int or callable
        Which of its outputs. A number is a column of (windows, outputs). A tuple is the place in
        an output with more axes, without the axis of the windows: ``(-1, 0)`` is column 0 at the
        last step of (windows, time, outputs), and ``()`` is all of (windows,). A function gets all
        that the module returns, as it is, and returns a tensor (windows,).
    batch_first : bool
        Whether the module reads (windows, time, features). If False, it reads (time, windows,
        features): the windows are turned for it. Then the second axis of what it returns is that of
        the windows, if there are three axes or more, and the first axis if there are fewer. So
        ``(-1, 0)`` is column 0 at the last step of (time, windows, outputs) too.
    fixed : dict from str to array, optional
        Further arguments by their names in ``module.forward``. An array has the windows first,
        whatever ``batch_first`` says: one row for all of them, or a row a window. Real numbers take
        the dtype of the module, whole numbers stay whole. Single numbers, texts, True, False and
        None are passed on as they are.

    Returns
    -------
    callable
        (windows, time, features) -> (windows,), in the dtype in which the module returns it,
        float32 for bfloat16. More arrays with a row a window may follow the windows; the module
        gets them in that order, after the windows.

    Raises
    ------
    TypeError, ValueError
        ``module`` is not a module or has no weights yet; ``output``, ``batch_first`` or ``fixed``
        is something else. At the call: the inputs do not fit, or the output is out of range or
        has another shape. A RuntimeError of the module comes as ValueError.
    ImportError
        When ``torch_tools`` is imported and PyTorch is not installed.

    Notes
    -----
    The module runs as after ``module.eval()``, without dropout. Afterwards each part of it is in
    the mode that it had before. Where there are as many windows as steps, they go to the module in
    two calls: the shape of what comes back then says which axis is that of the windows.

    Examples
    --------
    >>> import torch
    >>> from lstm_helpers import torch_tools
    >>> lstm = torch.nn.LSTM(2, 4, batch_first=True)
    >>> forward = torch_tools.torch_forward(lstm, lambda returned: returned[0][:, -1, 0])
    >>> forward(np.zeros((3, 6, 2))).shape
    (3,)
    """
    return _on_arrays(module, output, batch_first, fixed, gradient=False)


def torch_gradient(
    module: Any,
    output: Output = 0,
    *,
    batch_first: bool = True,
    fixed: Mapping[str, Any] | None = None,
) -> Callable[..., np.ndarray]:
    """The gradient of one output of a PyTorch module by its windows: ``gradient`` of attributions.

    Backpropagation by autograd. For one LSTM and a linear head, ``Readout.gradient`` is the same,
    without PyTorch.

    Parameters
    ----------
    module : torch.nn.Module
    output : int, tuple of int or callable
    batch_first : bool
    fixed : dict from str to array, optional
        All as in ``torch_forward``.

    Returns
    -------
    callable
        (windows, time, features) -> the derivative of each window's output, the same shape, in
        the dtype of the module, float32 for bfloat16. In units of output per unit of input. More
        arrays may follow the windows, as in ``torch_forward``.

    Raises
    ------
    TypeError, ValueError, ImportError
        As ``torch_forward``. Also if no path with a derivative leads from the inputs to the output,
        because it is constant, rounded or detached: zeros would say that no input matters.

    Notes
    -----
    One window's output must not depend on the others. Gradients that the parameters hold
    (``.grad``) stay as they are.

    Examples
    --------
    >>> import torch
    >>> from lstm_helpers import torch_tools
    >>> lstm = torch.nn.LSTM(2, 4, batch_first=True)
    >>> gradient = torch_tools.torch_gradient(lstm, lambda returned: returned[0][:, -1, 0])
    >>> lh.integrated_gradients(gradient, np.zeros((3, 6, 2))).shape
    (3, 6, 2)
    """
    return _on_arrays(module, output, batch_first, fixed, gradient=True)


def torch_weights(module: Any) -> dict[str, LSTMWeights]:
    """The weights of every ``nn.LSTM`` and ``nn.LSTMCell`` of a module.

    Parameters
    ----------
    module : torch.nn.Module

    Returns
    -------
    dict from str to LSTMWeights
        One for each layer and direction, in the order of the module, copied. The names are those
        that ``lh.open_weights`` gives to the module's file: ``rnn.l0``, ``rnn.l0_reverse``,
        ``rnn.l1``, ``cell``; ``l0`` or ``lstm`` if the module itself is the LSTM or the cell. Those
        that read from the end have ``go_backwards``. bfloat16 comes as float32.

    Raises
    ------
    TypeError
        ``module`` is not a module, or an LSTM in it has its own ``forward``.
    ValueError
        It has no LSTM, or one with ``proj_size``.

    Notes
    -----
    The two biases of a layer are added, since the cell reads only their sum.

    Examples
    --------
    >>> import torch
    >>> from lstm_helpers import torch_tools
    >>> found = torch_tools.torch_weights(torch.nn.LSTM(3, 5, bidirectional=True))
    >>> list(found), found["l0"].kernel.f.shape
    (['l0', 'l0_reverse'], (3, 5))
    """
    _require_module(module)
    found = {}
    for path, part in module.named_modules():
        for end in _ends(path, part):
            name = ".".join(filter(None, (path, end))) or "lstm"
            found[name] = LSTMWeights.from_arrays(
                _arrays_of(part, f"_{end}" if end else ""),
                "pytorch",
                go_backwards=end.endswith("_reverse"),
            )
    if not found:
        raise ValueError(
            f"expected a module with an nn.LSTM or nn.LSTMCell, got {type(module).__name__} "
            "without one"
        )
    return found


def _ends(path: str, part: Any) -> list[str]:
    """Of the names of its arrays, as in weight_ih_l0: one for each layer and direction."""
    kind = next((k for k in (torch.nn.LSTM, torch.nn.LSTMCell) if isinstance(part, k)), None)
    if kind is None:
        return []
    at = repr(path or "the module")
    if type(part).forward is not kind.forward:
        raise TypeError(
            f"expected nn.{kind.__name__}, got {type(part).__name__} at {at}, which has its own "
            "forward()"
        )
    if kind is torch.nn.LSTMCell:
        return [""]
    if part.proj_size:
        raise ValueError(
            f"expected an LSTM without projection, got proj_size={part.proj_size} at {at}: its "
            "hidden state is not what this package replays"
        )
    directions = ("", "_reverse") if part.bidirectional else ("",)
    return [f"l{n}{direction}" for n in range(part.num_layers) for direction in directions]


def _arrays_of(part: Any, end: str) -> list[np.ndarray]:
    roles = ("weight_ih", "weight_hh", *(("bias_ih", "bias_hh") if part.bias else ()))
    return [_array(getattr(part, role + end)).copy() for role in roles]


def _on_arrays(
    module: Any, output: Any, batch_first: Any, fixed: Any, *, gradient: bool
) -> Callable[..., np.ndarray]:
    _require_module(module)
    _outputs.require_output(output)
    if not isinstance(batch_first, bool):
        raise TypeError(f"expected batch_first as True or False, got {batch_first!r}")
    fixed = _checked_fixed(module, fixed)

    def run(x: np.ndarray, more: list[Any], named: dict[str, Any]) -> np.ndarray:
        x = x if batch_first else x.swapaxes(0, 1)
        windows = _tensor(module, x).requires_grad_(gradient)
        # A module may change what it gets, and autograd forbids that where a gradient is asked for.
        given = windows.clone() if gradient else windows
        returned = _called(module, given, more, named)
        result = _selected(returned, output, x.shape[0 if batch_first else 1], batch_first)
        if gradient:
            slope = None
            if result.requires_grad:
                (slope,) = torch.autograd.grad(result.sum(), windows, allow_unused=True)
            result = _outputs.found(slope)
            result = result if batch_first else result.swapaxes(0, 1)
        return _array(result)

    def on_arrays(inputs: np.ndarray, *more: Any) -> np.ndarray:
        inputs = _checks.windows("inputs", inputs)
        windows = len(inputs)
        rows = [_rows(f"argument {n}", given, windows) for n, given in enumerate(more, 2)]
        named = {name: _rows(f"{name!r} of fixed", fixed[name], windows) for name in fixed}
        with _evaluating(module), torch.inference_mode(False), torch.set_grad_enabled(gradient):
            parts = [
                run(
                    inputs[part],
                    [_part(module, given, part) for given in rows],
                    {name: _part(module, given, part) for name, given in named.items()},
                )
                for part in _parts(windows, inputs.shape[1])
            ]
        return np.concatenate(parts)

    return on_arrays


def _parts(windows: int, steps: int) -> list[slice]:
    """All windows in one call, unless the shape of a result then left open which axis is theirs."""
    if windows != steps or windows == 1:
        return [slice(None)]
    return [slice(0, windows // 2), slice(windows // 2, windows)]


@contextlib.contextmanager
def _evaluating(module: Any) -> Iterator[None]:
    before = [(part, part.training) for part in module.modules()]
    try:
        module.eval()
        # On a GPU, cuDNN has no gradient of an LSTM outside of training; PyTorch's own code has.
        with torch.backends.cudnn.flags(enabled=False):
            yield
    finally:
        for part, training in before:
            part.training = training


def _called(module: Any, windows: Any, more: list[Any], named: dict[str, Any]) -> Any:
    shape = tuple(windows.shape)
    try:
        return module(windows, *more, **named)
    except RuntimeError as error:
        raise ValueError(
            f"expected inputs that {type(module).__name__} can read, got {shape}: {error}"
        ) from error


def _selected(returned: Any, output: Any, windows: int, batch_first: bool) -> Any:
    """(windows,) of what the module returned."""
    if torch.is_tensor(returned) and not callable(output):
        if not batch_first and returned.ndim > 2:
            returned = returned.swapaxes(0, 1)
        if returned.shape[:1] != (windows,):
            raise ValueError(
                f"expected a module that returns {windows} windows for {windows}, got shape "
                f"{tuple(returned.shape)}: if it reads (time, windows, features), pass "
                "batch_first=False; otherwise pass output as a function"
            )
    result = _outputs.selected(returned, output, windows, "module", "outputs[0][:, -1, 0]")
    if not torch.is_tensor(result):
        raise TypeError(f"expected output to return a tensor, got {type(result).__name__}")
    return result


def _require_module(module: Any) -> None:
    if not isinstance(module, torch.nn.Module):
        kind = f"the class {module.__name__}" if isinstance(module, type) else type(module).__name__
        raise TypeError(f"expected a PyTorch module, got {kind}")
    if any(map(torch.nn.parameter.is_lazy, itertools.chain(module.parameters(), module.buffers()))):
        raise ValueError(
            f"expected a module with weights, got {type(module).__name__} with lazy ones: call it "
            "on data once"
        )


def _checked_fixed(module: Any, fixed: Any) -> dict[str, Any]:
    """Arrays and what is passed on as it is, by name."""
    if fixed is None:
        return {}
    if not isinstance(fixed, Mapping):
        raise TypeError(f"expected fixed as a dict of arrays by name, got {type(fixed).__name__}")
    parameters = list(inspect.signature(module.forward).parameters.values())
    names = [parameter.name for parameter in parameters[1:]]
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    for name in fixed:
        if name not in names and not (takes_any and name != parameters[0].name):
            raise ValueError(
                f"expected names in fixed of {', '.join(map(repr, names)) or 'no argument'}, "
                f"got {name!r}"
            )
    return {name: _checked_rows(f"{name!r} of fixed", given) for name, given in fixed.items()}


def _checked_rows(name: str, given: Any) -> Any:
    if given is None or isinstance(given, bool | int | float | str):
        return given
    array = _checks.real_numbers(name, _array(given) if torch.is_tensor(given) else given)
    if array.ndim == 0:
        return array.item()
    return array


def _rows(name: str, given: Any, windows: int) -> Any:
    """A row a window; what is no array as it is."""
    given = _checked_rows(name, given)
    if not isinstance(given, np.ndarray):
        return given
    if len(given) not in (1, windows):
        raise ValueError(
            f"expected {name} with 1 row for all windows or {windows}, one for each, "
            f"got shape {given.shape}"
        )
    return np.broadcast_to(given, (windows, *given.shape[1:]))


def _part(module: Any, given: Any, part: slice) -> Any:
    return _tensor(module, given[part]) if isinstance(given, np.ndarray) else given


def _tensor(module: Any, array: np.ndarray) -> Any:
    """A copy, on the module's device; real numbers in its dtype."""
    held = itertools.chain(module.parameters(), module.buffers())
    first = next((t for t in held if t.is_floating_point()), torch.empty(0))
    dtype = {"f": first.dtype, "b": torch.bool}.get(array.dtype.kind, torch.int64)
    return torch.tensor(array, dtype=dtype, device=first.device)


def _array(tensor: Any) -> np.ndarray:
    tensor = tensor.detach().cpu()
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()
