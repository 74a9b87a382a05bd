"""Silence while TensorFlow starts."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hide what TensorFlow's C++ side writes while it starts; a failing import still raises.

    Those lines carry times and process ids, go past Python straight to file descriptor 2, and
    would make every run of a notebook differ. What Python raises or prints to stdout stays.

    Examples
    --------
    >>> with lh.quiet():
    ...     import keras
    >>> keras.__name__
    'keras'
    """
    # Read once by TensorFlow when it starts: a level that the user chose is kept.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
