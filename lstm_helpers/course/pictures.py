"""Are two PNGs the same picture? One answer, for the tests and for ``course.py execute``.

A PNG is given as a notebook stores it: text, in base64.
"""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

LEVELS, PIXELS = 2, 100
"""The same picture: no channel of any pixel is further off than this many of 255 levels, and no
more pixels differ than this many.

Measured on notebooks 02 to 06 with the OpenBLAS kernels SkylakeX, Haswell and Sandybridge, the last
two with NumPy, XLA and oneDNN held to AVX2 and to AVX: all figures are equal, but for one level in
33 and in 19 pixels of two figures of notebook 06 (Haswell; with Sandybridge in the second alone).
On arm64, emulated, Matplotlib draws the same numbers to the same bytes. A colour three levels off,
a weight of thousands that changed, a line that moved by a 500th of the axis are other pictures:
tests/test_pictures.py.
"""


def pngs(outputs: list) -> list:
    """Those of a cell's outputs that hold a PNG."""
    return [output for output in outputs if "image/png" in output.get("data", {})]


def change(committed: str, fresh: str) -> str:
    """What makes ``fresh`` another picture than ``committed``; empty where it is the same one.

    Raises
    ------
    ValueError
        One of them is no PNG.
    """
    old, new = pixels(committed), pixels(fresh)
    if old.shape != new.shape:
        (height, width), (new_height, new_width) = old.shape[:2], new.shape[:2]
        return f"committed are {width} x {height} pixels, fresh {new_width} x {new_height}"
    off = _levels_apart(old, new)
    count = np.count_nonzero(off)
    if count <= PIXELS and off.max() <= LEVELS:
        return ""
    return (
        f"{count:,} of {off.size:,} pixels differ, by up to {off.max()} of 255 levels "
        f"(up to {PIXELS} pixels may, by up to {LEVELS} levels)"
    )


def pixels(png: str) -> np.ndarray:
    """The picture as an array (height, width, 4)."""
    try:
        with Image.open(io.BytesIO(base64.b64decode(png)), formats=["PNG"]) as image:
            return np.asarray(image.convert("RGBA"))
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for a broken file
        raise ValueError(f"expected a PNG, got {png[:20]!r}...") from error


def difference(committed: str, fresh: str) -> str:
    """A PNG that is white where both agree, and red where they don't, darker the further off.

    Raises
    ------
    ValueError
        One is no PNG, or the sizes differ.
    """
    old, new = pixels(committed), pixels(fresh)
    if old.shape != new.shape:
        raise ValueError(f"expected two pictures of one size, got {old.shape} and {new.shape}")
    off = _levels_apart(old, new)
    shown = np.full((*off.shape, 3), 255, np.uint8)
    # What differs by one level must be seen too, so the palest red is already strong.
    shown[off > 0, 0] = 255 - off[off > 0] // 2
    shown[off > 0, 1:] = (120 - off[off > 0] // 3)[:, None]
    file = io.BytesIO()
    Image.fromarray(shown).save(file, format="PNG")
    return base64.b64encode(file.getvalue()).decode("ascii")


def _levels_apart(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    return np.abs(old.astype(np.int16) - new).max(axis=2)
