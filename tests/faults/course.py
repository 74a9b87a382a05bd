"""Faults in what surrounds the notebooks: the reader's copies, the pages, README, the set-up."""

from .planting import replace, seen_by

COURSE = "lstm_helpers/course"


@seen_by("tests/test_copies.py")
def readers_copies_overwritten(top):
    """`make lab` copies the notebooks again, over the reader's work."""
    replace(top / COURSE / "copies.py", "if not (mine / name).exists():", "if True:")


@seen_by("tests/test_copies.py")
def changed_copies_renewed(top):
    """`make lab` renews a copy whatever the learner did to it, when the original has changed."""
    replace(
        top / COURSE / "copies.py", "if found is not None and found == known:", "if known != now:"
    )


@seen_by("tests/test_copies.py")
def unchanged_copies_left_stale(top):
    """`make lab` compares outputs too, so that a copy that was run counts as changed."""
    old = '(cell["cell_type"], "".join(cell["source"]).rstrip())'
    new = '(cell["cell_type"] + str(cell.get("outputs")), "".join(cell["source"]).rstrip())'
    replace(top / COURSE / "copies.py", old, new)


@seen_by("tests/test_start.py")
def a_copy_imports_the_package_of_the_original(top):
    """The starter lets .venv find the package by the folder's full name."""
    old = "os.path.relpath(Path(sys.prefix).parent, packages)"
    replace(top / "notebooks/course.py", old, "str(Path(sys.prefix).parent)")


@seen_by("tests/test_lab.py")
def jupyterlab_outlives_its_starter(top):
    """The starter ends at a SIGTERM, and JupyterLab goes on."""
    replace(top / COURSE / "lab.py", "process.terminate()", "sys.exit(1)")


@seen_by("tests/test_lab.py")
def originals_in_jupyterlab(top):
    """JupyterLab shows the repository, with the solutions in the originals."""
    replace(top / COURSE / "lab.py", "root_dir={folder}", "root_dir={cwd}")


@seen_by("tests/test_copies.py")
def solutions_in_the_readers_copies(top):
    """`make lab` leaves the solutions in, so that Run All opens their outputs."""
    old = "mine.cells = [cell for cell in mine.cells if not is_solution(cell)]"
    replace(top / COURSE / "copies.py", old, "mine.cells = list(mine.cells)")


@seen_by("tests/test_course.py")
def solutions_open_on_the_pages(top):
    """`make course` renders solutions as any other cell."""
    replace(top / "website" / "course_pages.py", 'if "tag_solution" not in', 'if "" not in')


@seen_by("tests/test_course.py")
def pages_do_not_say_what_figures_show(top):
    """`make course` drops the sentence of a figure for those who can't see it."""
    replace(top / COURSE / "website.py", 'if "alt" in about', "if False")


@seen_by("tests/test_course.py")
def metadata_left_in_executed_notebooks(top):
    """`make notebooks` leaves what differs from machine to machine."""
    replace(
        top / COURSE / "commands.py",
        "        running.strip(notebook)\n        running.keep_figures(",
        "        running.keep_figures(",
    )


@seen_by("tests/test_pictures.py")
def any_picture_the_same(top):
    """Two figures count as the same picture whatever their pixels."""
    replace(
        top / COURSE / "pictures.py",
        "if count <= PIXELS and off.max() <= LEVELS:",
        "if True:",
    )


@seen_by("tests/test_pictures.py")
def figures_compared_loosely(top):
    """Two figures count as the same picture while 900 pixels differ or fewer, a lot."""
    replace(
        top / COURSE / "pictures.py",
        "LEVELS, PIXELS = 2, 100",
        "LEVELS, PIXELS = 200, 900",
    )


@seen_by("tests/test_notebook_runs.py::test_stale_figures_are_named_and_measured")
def figures_not_compared(top):
    """A notebook's run does not look at its figures."""
    replace(top / "tests/notebook_runs.py", "return not self.comparison_traceback", "return equal")


@seen_by("tests/test_prose.py")
def minutes_of_the_readme_changed(top):
    """README gives a notebook ten minutes less than the notebook itself."""
    replace(top / "README.md", "what Keras gives? | 45 |", "what Keras gives? | 35 |")


@seen_by("tests/test_setup.py")
def pin_outside_its_range(top):
    """The set-up pins a version that the package does not take."""
    replace(top / "constraints.txt", "\nnumpy==2", "\nnumpy==1")
