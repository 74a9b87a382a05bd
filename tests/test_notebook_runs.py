"""What a run of the notebooks says: pytest, on a small repository with notebooks of a few cells.

A start of pytest and of a kernel takes seconds, so a run has many faults, and tests read what it
said of each.
"""

import base64
import io
import os
import re
import shutil
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import nbformat
import notebook_runs
import pytest
from common import SEEN, SEEN_WITHOUT, settings_of_a_user
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

TOP = Path(__file__).parent.parent
LAYER = (
    "conftest.py", "pyproject.toml", "constraints.txt", "tests/notebook_drift.py",
    "tests/notebook_page.py", "tests/notebook_runs.py",
)  # fmt: skip
DRAW = """\
# Draw {alt}
import io
from IPython.display import display
from PIL import Image
file = io.BytesIO()
image = Image.new("RGBA", (40, 30), "white")
image.paste({color!r}, (5, 5, 15, 15))
image.save(file, format="PNG")
display({{"image/png": file.getvalue(), "text/plain": {alt!r}}},
        metadata={{"image/png": {{"alt": {alt!r}}}}}, raw=True)
"""
GREEN, RED = (0, 160, 0, 255), (200, 0, 0, 255)


def picture(color, size=(40, 30)):
    """What the cell ``DRAW`` draws."""
    file = io.BytesIO()
    image = Image.new("RGBA", size, "white")
    image.paste(color, (5, 5, 15, 15))
    image.save(file, format="PNG")
    return base64.b64encode(file.getvalue()).decode()


def drawing(png, color=GREEN, alt="a square of 10 pixels"):
    """A cell that draws, and a committed picture."""
    output = new_output(
        "display_data",
        {"image/png": png, "text/plain": alt},
        metadata={"image/png": {"alt": alt}},
    )
    return DRAW.format(alt=alt, color=color), [output]


def printing(fresh, committed):
    return f"print({fresh!r})", [new_output("stream", text=f"{committed}\n")]


def write(repo, name, *cells):
    """A notebook of (source, outputs, tags) as if it had been executed."""
    notebook = new_notebook(
        cells=[
            new_code_cell(source, outputs=outputs, execution_count=n, metadata={"tags": tags})
            for n, (source, outputs, *tags) in enumerate(cells, 1)
        ]
    )
    nbformat.write(notebook, repo / "notebooks" / name)


def make_repository(folder):
    """Only what runs the notebooks, from this repository."""
    (folder / "notebooks").mkdir()
    for name in LAYER:
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(TOP / name, folder / name)
    return folder


def run(repo, *options, code):
    """What pytest prints. Its exit code is asked for, so that no test passes by an accident."""
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "notebooks"]
    wide = {"COLUMNS": "100"}  # pytest's last lines are as long as the window is wide
    done = subprocess.run(
        [*command, *options], cwd=repo, env=os.environ | wide, capture_output=True, text=True,
        timeout=900,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    return said


TABLE = """
class Table:
    def __repr__(self):
        return "           norm\\nkernel      4.7\\nbias    10012.5"
    def _repr_html_(self):
        return ("<style>td {}</style><table><tr><th></th><th>norm</th></tr>\\n<tr><td>kernel</td>"
                "<td>4.7</td></tr>\\n<tr><td>bias</td><td>10012.5</td></tr></table>")
Table()
"""
COMMITTED_TABLE = new_output(
    "execute_result",
    {
        "text/plain": "         norm\nkernel    4.7\nbias    912.5",
        "text/html": "<style>td {}</style><table><tr><th></th><th>norm</th></tr>\n"
        "<tr><td>kernel</td><td>4.7</td></tr>\n<tr><td>bias</td><td>912.5</td></tr></table>",
    },
    execution_count=1,
)
LONG = "long " * 100


@pytest.fixture(scope="module")
def red(tmp_path_factory):
    """A run with faults in most cells: the folder, and what it said of each cell."""
    repo = make_repository(tmp_path_factory.mktemp("a folder"))
    write(
        repo,
        "01_texts.ipynb",
        printing("mae 1.684\nrmse 2\nto -0.5 °C", "mae 1.681\nrmse 2\nto -0.25 °C"),
        (TABLE, [COMMITTED_TABLE]),
        printing(f"{LONG}7", f"{LONG}8"),
        printing("one\ntwo\nthree", "one\nthree"),
        printing("the forget gate is <largest>", "the output gate is <largest>"),
        ("# The last\n[1][5]", []),
        (*printing("a training of 1.684", "a training of 1.681"), "nbval-ignore-output"),
        ("1 + 1", [new_output("execute_result", {"text/plain": "2"}, execution_count=8)]),
        ("_ + 1", []),
    )
    write(
        repo,
        "02_dies.ipynb",
        printing("on", "on"),
        ("import os\nos.kill(os.getpid(), 9)", []),
        printing("never", "never"),
    )
    write(
        repo,
        "03_hangs.ipynb",
        ("import time\ntime.sleep(100)", []),
        printing("never", "never"),
    )
    write(
        repo,
        "04_draws.ipynb",
        drawing(picture(RED), GREEN, "the one of 10 pixels, with a caption that goes on and on"),
        drawing(picture(GREEN), RED, "the other of <10> pixels"),
        drawing(base64.b64encode(b"no picture").decode()),
        drawing(picture(GREEN, (50, 30))),
        (drawing(picture(GREEN))[0], [new_output("display_data", {"text/plain": "gone"})]),
        drawing(picture((0, 161, 0, 255))),
    )
    write(repo, "05_grows.ipynb", ("import time\ntime.sleep(1)", []))
    write(repo, "06_costs.ipynb", ("import time\ntime.sleep(1)", []))
    options = ["-o", "notebook_budgets=* 100 4096\n05* 0.2 4096\n06* 1000 40"]
    # As long as no ordinary cell takes on a slow machine.
    said = run(repo, "--nbval-cell-timeout=15", "--durations=0", *options, code=1)
    return repo, said


def of(red, name, n):
    """What the run said of one cell."""
    heading = (
        rf"_+ notebooks/{name}\.ipynb, In \[{n}\] _+\n(.*?)\n\nThe notebook as it ran: (\S+)\n"
    )
    text, page = re.search(f"(?s){heading}", red[1]).groups()
    assert page == f"build/drift/{name}.html"
    return text


def test_drift_names_the_cell_the_line_and_the_numbers_from_and_to(red):
    assert of(red, "01_texts", 1).splitlines() == [
        r"notebooks/01_texts.ipynb, In [1]: print('mae 1.684\nrmse 2\nto -0.5 °C')",
        "The cell ran. Its output is not the committed one:",
        "",
        "printed:",
        "  committed: mae 1.681",
        "  fresh:     mae 1.684",
        "  from 1.681 to 1.684 (relative difference 0.0018)",
        "printed:",
        "  committed: to -0.25 °C",
        "  fresh:     to -0.5 °C",
        "  from -0.25 to -0.5 (relative difference 1)",
    ]
    assert "execution failed" not in red[1]
    assert "\x1b" not in red[1]


def test_a_table_is_told_once_and_its_width_is_no_change(red):
    assert of(red, "01_texts", 2).splitlines()[3:] == [
        "shown as text:",
        "  committed: bias 912.5",
        "  fresh:     bias 10012.5",
        "  from 912.5 to 10012.5 (relative difference 10)",
    ]


def test_nothing_is_cut(red):
    assert f"  fresh:     {LONG}7\n" in of(red, "01_texts", 3)


def test_lines_that_came_and_words_that_changed(red):
    assert of(red, "01_texts", 4).endswith("printed, only in the fresh output: two")
    assert of(red, "01_texts", 5).endswith(
        "printed:\n  committed: the output gate is <largest>\n"
        "  fresh:     the forget gate is <largest>"
    )


def test_a_cell_that_raised_says_so(red):
    text = of(red, "01_texts", 6)
    assert text.startswith(
        "notebooks/01_texts.ipynb, In [6]: # The last\nThe cell raised an error:\n"
        "IndexError: list index out of range\n"
    )
    assert "Cell In[6], line 2" in text
    assert "\n----> 2 [1][5]\n" in text


def test_cells_that_are_ignored_or_equal_are_no_failures(red):
    assert not re.search(r"FAILED \S*01_texts.ipynb::In \[[78]\]", red[1])
    assert "only in the fresh output: 3" in of(red, "01_texts", 9), "_ is the last value"


def test_a_dead_kernel_fails_at_once_with_one_line(red):
    assert of(red, "02_dies", 2).splitlines()[1:] == [
        "The kernel died (SIGKILL): was there too little memory?"
    ]
    assert "not run: the kernel had died in In [2]" in red[1]
    waited = re.search(r"([\d.]+)s call +notebooks/02_dies\.ipynb::In \[2\]", red[1])[1]
    assert float(waited) < 10, "not until its time was up"


def test_a_cell_that_hangs_fails_when_its_time_is_up(red):
    text = of(red, "03_hangs", 1)
    assert "Timeout of 15 seconds exceeded executing cell" in text
    assert "time.sleep(100)" in text
    assert "not run: In [1] took too long" in red[1]


def test_stale_figures_are_named_and_measured(red):
    assert of(red, "04_draws", 1).splitlines()[3:] == [
        "figure 1 of the cell, 'the one of 10 pixels, with a caption that goes on and on', "
        "is another picture:",
        "  100 of 1,200 pixels differ, by up to 200 of 255 levels "
        "(up to 100 pixels may, by up to 2 levels)",
    ]
    assert "'the other of <10> pixels', is another picture:\n  100 of 1,200" in of(
        red, "04_draws", 2
    )
    assert "  expected a PNG, got 'bm8gcGljdHVyZQ=='" in of(red, "04_draws", 3)
    assert "committed are 50 x 30 pixels, fresh 40 x 30" in of(red, "04_draws", 4)
    assert "figures: 0 committed, 1 fresh" in of(red, "04_draws", 5)
    assert "FAILED notebooks/04_draws.ipynb::In [6]" not in red[1], (
        "one level in 100 pixels is the same picture"
    )


class Page(HTMLParser):
    """The images, and the text of each mark of a failure."""

    def __init__(self, path):
        super().__init__()
        self.images, self.marks, self.inside = [], {}, None
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "img":
            self.images.append(attrs)
        if attrs.get("id", "").startswith("drift-"):
            self.inside = attrs["id"]

    def handle_endtag(self, tag):
        if tag == "pre":
            self.inside = None

    def handle_data(self, data):
        if self.inside:
            self.marks[self.inside] = self.marks.get(self.inside, "") + data


def test_the_page_marks_the_cells_and_shows_their_figures_side_by_side(red):
    page = Page(red[0] / "build" / "drift" / "04_draws.html")
    assert list(page.marks) == [f"drift-{n}" for n in range(1, 6)]
    assert page.marks["drift-2"] == of(red, "04_draws", 2)
    for alt in (
        "the one of 10 pixels, with a caption that goes on and on",
        "the other of <10> pixels",
    ):
        shown = [image["alt"] for image in page.images if image["alt"].endswith(alt)]
        assert shown == [f"committed: {alt}", f"fresh: {alt}", f"difference: {alt}", alt]
    assert page.images[1]["src"] == f"data:image/png;base64,{picture(GREEN)}"
    left = red[0] / "build" / "drift" / "04_draws"
    assert (left / "01-1-committed.png").read_bytes() == base64.b64decode(picture(RED))
    assert (left / "01-1-fresh.png").read_bytes() == base64.b64decode(picture(GREEN))
    with Image.open(left / "01-1-difference.png") as image:
        assert image.size == (40, 30)


def test_the_page_has_fresh_outputs_and_none_where_nothing_ran(red):
    dead = (red[0] / "build" / "drift" / "02_dies.html").read_text(encoding="utf-8")
    assert ">on\n" in dead
    assert ">never\n" not in dead
    page = Page(red[0] / "build" / "drift" / "01_texts.html")
    assert "fresh:     the forget gate is <largest>" in page.marks["drift-5"]
    assert not (red[0] / "build" / "drift" / "05_grows.html").exists(), "all of its cells passed"


def test_far_over_its_budget_a_notebook_fails(red):
    _, said = red
    assert re.search(r"(?m)^05_grows.ipynb +\d+ +0.2 .*TOO MUCH$", said)
    assert "notebooks/05_grows.ipynb took" in said
    assert "seconds, more than 3 times its budget of 0.2: see notebook_budgets" in said
    assert re.search(r"(?m)^01_texts.ipynb +\d+ +100 +.+ +4,096$", said)
    assert "Figures compared." in said


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured on Linux")
def test_memory_is_measured_and_over_budget_is_said(red):
    mib = float(re.search(r"(?m)^06_costs.ipynb +\d+ +1,000 +(\d+) +40 +over budget$", red[1])[1])
    assert 40 < mib < 120, "a kernel with nothing imported"
    assert "ERROR notebooks/06_costs.ipynb" not in red[1]


LATE = """\
import time
kernel = get_ipython().kernel
publish = kernel._publish_status
def late(status, *args, **kwargs):
    if status == "idle":
        kernel._publish_status = publish
        time.sleep(6)
    return publish(status, *args, **kwargs)
kernel._publish_status = late
"""


def test_a_good_run_leaves_no_page_and_takes_one_thread(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    repo = make_repository(tmp_path)
    threads = "import os\nprint(os.environ['OPENBLAS_NUM_THREADS'], os.environ['PYTHONUTF8'])"
    write(
        repo,
        "01_a.ipynb",
        (threads, [new_output("stream", text="1 1\n")]),
        ("x = 2", []),
        *[("x += 1", [])] * 8,  # as soon as one goes to another kernel, there is no x
        drawing(picture(GREEN)),
        # nbval's five seconds are over before its output ends.
        (LATE, []),
        ("print(x)", [new_output("stream", text="10\n")]),
    )
    write(
        repo,
        "02_b.ipynb",
        ("x = 3", []),
        ("x", [new_output("execute_result", {"text/plain": "3"})]),
    )
    left = repo / "build" / "drift" / "01_a.html"
    left.parent.mkdir(parents=True)
    left.write_text("of a run before")
    said = run(repo, "-n2", code=0)
    assert "15 passed" in said
    assert not left.exists()
    assert re.search(r"(?m)^01_a.ipynb +\d+ +60 +\S+.* +1,024", said)
    assert re.search(r"(?m)^02_b.ipynb +\d+ +60 +\S+.* +1,024", said)
    assert said.count("Figures compared.") == 1


def test_what_a_user_has_set_counts_in_no_run(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    for name, value in settings_of_a_user(tmp_path / "home").items():
        monkeypatch.setenv(name, value)
    before = sorted((tmp_path / "home").rglob("*"))
    repo = make_repository(tmp_path)
    write(repo, "01_a.ipynb", (SEEN, [new_output("stream", text=SEEN_WITHOUT)]))
    assert "1 passed" in run(repo, code=0)
    assert sorted((tmp_path / "home").rglob("*")) == before


def test_under_another_matplotlib_figures_are_not_compared_and_it_says_so(tmp_path):
    repo = make_repository(tmp_path)
    pins = repo / "constraints.txt"
    pins.write_text(re.sub(r"matplotlib==.*", "matplotlib==0.1", pins.read_text()))
    write(
        repo, "01_a.ipynb", drawing(picture(RED)), drawing(base64.b64encode(b"none").decode())
    )  # fmt: skip
    write(repo, "02_b.ipynb", ("import time\ntime.sleep(1)", []))
    said = run(repo, "-n2", "-o", "notebook_budgets=02* 0.2 1", code=1)
    assert "1 failed, 2 passed, 1 error" in said
    assert "FAILED notebooks/01_a.ipynb::In [2]" in said, "no picture at all"
    assert re.search(r"(?m)^Figures NOT compared: they are drawn by .* and 0\.1 drew .*\.$", said)
    assert "ERROR notebooks/02_b.ipynb::In [1] - Failed: notebooks/02_b.ipynb took" in said
    assert re.search(r"(?m)^02_b.ipynb .*TOO MUCH$", said)
    assert re.search(r"(?m)^01_a.ipynb +\d+ +none", said)


def test_the_budgets_and_what_is_said_where_memory_is_not_measured():
    # The budgets of pyproject.toml, also where this run has others: make matrix has none.
    settings = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))
    options = settings["tool"]["pytest"]["ini_options"]
    costs = notebook_runs.Costs(SimpleNamespace(getini=options.get, rootpath=TOP))
    spent = [
        ["01_a.ipynb", 70.0, None, None],
        ["02_b.ipynb", 181.0, 500.0, 60.0],
        ["03_c.ipynb", 181.0, 500.0, 61.0],
        ["04_d.ipynb", 59.0, 1023.0, 59.0],
        ["05_e.ipynb", 149.0, 3100.0, 149.0],
    ]
    for cost in spent:
        costs.pytest_runtest_logreport(SimpleNamespace(user_properties=[("notebook cost", cost)]))
    lines = []
    costs.pytest_terminal_summary(SimpleNamespace(section=lines.append, write_line=lines.append))
    assert [line.split() for line in lines[2:7]] == [
        ["01_a.ipynb", "70", "60", "not", "measured", "1,024", "over", "budget"],
        # It waited for a busy machine, and worked no longer than it may take.
        ["02_b.ipynb", "181", "60", "500", "1,024", "over", "budget"],
        ["03_c.ipynb", "181", "60", "500", "1,024", "TOO", "MUCH"],
        ["04_d.ipynb", "59", "60", "1,023", "1,024"],
        ["05_e.ipynb", "149", "150", "3,100", "1,024", "TOO", "MUCH"],
    ]


def test_make_adds_nothing_but_workers_to_a_bare_pytest():
    recipe = re.search(r"(?m)^test: .*\n\t(.*)$", (TOP / "Makefile").read_text(encoding="utf-8"))[1]
    assert recipe == (
        "$(PY) -m pytest -n 2 --dist loadscope --nbval --nbval-current-env tests notebooks $(ARGS)"
    )
    settings = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))
    assert "--nbval-cell-timeout=300" in settings["tool"]["pytest"]["ini_options"]["addopts"]
