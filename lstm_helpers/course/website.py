"""The course as a website: what Sphinx reads is put together here, and Sphinx called.

The folder that Sphinx reads mirrors the checkout, so that every relative link of README.md, of the
other pages and of the notebooks leads where it leads in the checkout. What the pages look like, and
what is done to words while they are made, stands in ``website/``.
"""

from __future__ import annotations

import ast
import base64
import html
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

NEEDS = ("sphinx", "myst_nb", "pydata_sphinx_theme")
PAGES = (
    "website/your_lstm.md",
    "data/README.md",
    "INSTRUCTORS.md",
    "CONTRIBUTING.md",
    "tests/README.md",
    "CHANGELOG.md",
)
"""Beside README.md, which is the first page; in the order of *previous* and *next*."""
FILES = ("LICENSE", "CITATION.cff")
"""What the pages link to, and is no page."""

TAKES = re.compile(r"\]\(#((?:[^()\s]|\([^()\s]*\))+)\)")
"""A link within a notebook."""
BADGES = re.compile(r"(?m)^(?:\[!\[.*\n)+\n")
"""They are fetched from the host of a fork."""


def missing() -> list[str]:
    """What the website needs and this Python has not got."""
    return [name for name in NEEDS if importlib.util.find_spec(name) is None]


def build(top: Path, notebooks: dict[str, nbformat.NotebookNode], rendered: Path) -> int:
    """Make the website; a warning of Sphinx counts as an error.

    Parameters
    ----------
    top : Path
        The checkout.
    notebooks : dict from file name to NotebookNode
        With their outputs, in the order of the course.
    rendered : Path
        The folder of the website. What Sphinx reads and makes lies beside it until all is well.

    Returns
    -------
    int
        0, or what Sphinx ended with.
    """
    work = rendered.with_name(f"{rendered.name}-source")
    shutil.rmtree(work, ignore_errors=True)
    stage(top, work / "pages", notebooks)
    command = [
        sys.executable, "-m", "sphinx", "--fail-on-warning", "--quiet",
        "--conf-dir", str(top / "website"), "--doctree-dir", str(work / "doctrees"),
        str(work / "pages"), str(work / "html"),
    ]  # fmt: skip
    if ended := subprocess.run(command, cwd=top, check=False).returncode:
        return ended
    shutil.rmtree(rendered, ignore_errors=True)
    shutil.copytree(work / "html", rendered, dirs_exist_ok=True)
    figures = work / "pages" / "notebooks" / "figures"
    if figures.exists():
        shutil.copytree(figures, rendered / "notebooks" / "figures")
    shutil.rmtree(work)
    return 0


def stage(top: Path, source: Path, notebooks: dict[str, nbformat.NotebookNode]) -> None:
    """Write all that Sphinx reads into the empty folder ``source``.

    Parameters
    ----------
    top : Path
        The checkout.
    source : Path
    notebooks : dict from file name to NotebookNode
        With their outputs, in the order of the course.
    """
    readme = (top / "README.md").read_text(encoding="utf-8")
    readme = BADGES.sub("", readme)
    pages = [page for page in PAGES if (top / page).exists()]
    own, *rest = [page.removesuffix(".md") for page in pages]
    parts = ["notebooks/index", own, "api/index", "glossary", *rest]
    _write(source / "index.md", readme + _contents(parts))
    for name in (*pages, *FILES):
        if (top / name).exists():
            _write(source / name, (top / name).read_text(encoding="utf-8"))
    shutil.copy(top / "website" / "glossary.md", source)
    stage_notebooks(source / "notebooks", notebooks)
    for picture in (top / "notebooks").glob("*.png"):
        shutil.copy(picture, source / "notebooks")
    stage_api(source / "api")


def stage_notebooks(folder: Path, notebooks: dict[str, nbformat.NotebookNode]) -> None:
    """The notebooks as pages, their figures as files, and the page that lists them."""
    listed, contents = "# The notebooks\n", []
    for name, notebook in notebooks.items():
        stem = Path(name).stem
        page = _page(notebook, stem, folder / "figures")
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(page, path)
        title, _, opening = page.cells[0].source.lstrip("# ").partition("\n")
        contents.append(f"{stem[:2]} {title.partition(':')[0]} <{stem}>")
        does = re.search(r"(?s)\*\*What you'll do\.\*\* (.+?)(?:\n\n|$)", opening)
        listed += f"\n## {stem[:2]} [{title}]({name})\n"
        listed += f"\n{does[1]}\n" if does else ""
    _write(folder / "index.md", listed + _contents(contents))


def _page(notebook: nbformat.NotebookNode, stem: str, figures: Path) -> nbformat.NotebookNode:
    """A copy whose figures are files, and whose links within it find the headings."""
    page = nbformat.from_dict(json.loads(json.dumps(notebook)))
    for number, cell in enumerate(page.cells):
        if cell.cell_type == "markdown":
            cell.source = TAKES.sub(lambda link: f"](#{slug(link[1])})", cell.source)
            continue
        if cell.cell_type != "code":
            continue
        for place, output in enumerate(cell.outputs):
            table = output.get("data", {}).get("text/html", "")
            if 'class="dataframe"' in table:  # the corner of pandas' tables is no heading
                output.data["text/html"] = table.replace("<th></th>", "<td></td>")
            png = output.get("data", {}).get("image/png")
            if not png:
                continue
            # Sphinx would take the sizes of an image, but not its sentence.
            about = output.metadata.get("image/png", {})
            file = figures / f"{stem}-{number:02}-{place}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(base64.b64decode(png))
            output.data = {"text/html": picture(f"figures/{file.name}", about)}
            output.metadata = {}
    return page


def picture(source: str, about: dict) -> str:
    """An image that leads to itself, larger: a click opens it, on a phone two fingers zoom it."""
    alt = f' alt="{html.escape(about["alt"])}"' if "alt" in about else ""
    size = "".join(f' {key}="{int(about[key])}"' for key in ("width", "height") if key in about)
    return (
        f'<a class="course-figure" href="{source}" title="Enlarge">'
        f'<img src="{source}"{alt}{size}></a>'
    )


def slug(title: str) -> str:
    """The anchor of a heading, as hosts of code make it: ``5. So`` has ``5-so``."""
    return re.sub(r"[^\w-]", "", title.strip().lower().replace(" ", "-"))


def stage_api(folder: Path) -> None:
    """One page for each module that has public names which no page before it documents."""
    seen: set[tuple[str, str]] = set()
    listed = []
    for module in public_modules():
        names = {}
        for name, origin in public_names(module).items():
            if origin not in seen:
                seen.add(origin)
                names[name] = origin
        if names:
            listed.append(module)
            _write(folder / f"{module}.rst", _api_page(module, names))
    _write(folder / "index.md", API + _contents(listed, hidden=False))


API = """\
# The package

Every public name, with its shapes, its errors and an example. `import lstm_helpers as lh` needs
NumPy only; the first page has what `lh.` offers. Modules of `lstm_helpers.course` are what the
notebooks use beside it.
"""
STARTER = {
    "commands", "copies", "durations", "homes", "lab", "pages", "paper", "pictures", "ready",
    "running", "website", "wheelhouse", "workshop",
}  # fmt: skip
"""Modules of the course that no reader calls."""
PACKAGE = Path(__file__).resolve().parent.parent


def public_modules() -> list[str]:
    """``lstm_helpers`` first, then its public modules, those of the course last."""
    found = []
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        parts = [part for part in parts if part != "__init__"]
        starts = parts[1:2] == ["course"] and parts[-1] in STARTER
        if not starts and not any(part.startswith("_") for part in parts):
            found.append(".".join(parts))
    return sorted(found, key=lambda name: (".course" in name, name))


def public_names(module: str) -> dict[str, tuple[str, str]]:
    """What a module offers, and the module and name under which each is defined.

    Read from the source, since importing all takes half a minute and every framework.
    """
    offered, defined, imported = None, [], {}
    for node in _tree(module).body:
        if isinstance(node, ast.ImportFrom):
            imported |= {
                alias.asname or alias.name: (node.module, alias.name) for alias in node.names
            }
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined.append(node.name)
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            offered = ast.literal_eval(node.value)
    names = offered or [name for name in defined if not name.startswith("_")]
    return {name: imported.get(name, (module, name)) for name in names}


def _tree(module: str) -> ast.Module:
    path = PACKAGE.parent.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(path.read_text(encoding="utf-8"))


def _defines(node: ast.stmt) -> list[str]:
    """The names that a statement of a module gives."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return [node.name]
    if not isinstance(node, ast.Assign | ast.AnnAssign):
        return []
    names = (name for name in ast.walk(node) if isinstance(name, ast.Name))
    return [name.id for name in names if isinstance(name.ctx, ast.Store)]


def _api_page(module: str, names: dict[str, tuple[str, str]]) -> str:
    text = f"{module}\n{'=' * len(module)}\n\n.. automodule:: {module}\n   :no-members:\n"
    for name, (origin, original) in names.items():
        body = _tree(origin).body
        for node, after in zip(body, [*body[1:], None], strict=True):
            if original not in _defines(node):
                continue
            if isinstance(node, ast.ClassDef):
                text += f"\n.. autoclass:: {module}.{name}\n   :members:\n"
            elif isinstance(node, ast.FunctionDef):
                text += f"\n.. autofunction:: {module}.{name}\n"
            else:  # of a constant Sphinx knows nothing where it is only imported
                said = isinstance(after, ast.Expr) and ast.literal_eval(after.value)
                said = " ".join((said or "").split())
                text += f"\n.. py:data:: {name}\n   :module: {module}\n\n   {said}\n"
            break
    return text


def _contents(pages: list[str], hidden: bool = True) -> str:
    option = ":hidden:" if hidden else ":maxdepth: 1"
    return "\n```{toctree}\n" + option + "\n\n" + "\n".join(pages) + "\n```\n"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
