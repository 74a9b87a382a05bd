"""Faults in what surrounds the notebooks: the reader's copies, the pages, README, the set-up."""

from .planting import replace, seen_by


@seen_by("tests/test_course.py")
def readers_copies_overwritten(top):
    """`make lab` copies the notebooks again, over the reader's work."""
    replace(top / "notebooks/course.py", "if not path.exists():", "if True:")


@seen_by("tests/test_course.py")
def solutions_in_the_readers_copies(top):
    """`make lab` leaves the solutions in, so that Run All opens their outputs."""
    old = "mine.cells = [cell for cell in mine.cells if not _is_solution(cell)]"
    replace(top / "notebooks/course.py", old, "mine.cells = list(mine.cells)")


@seen_by("tests/test_course.py")
def solutions_open_on_the_pages(top):
    """`make course` renders solutions as any other cell."""
    old, new = "{% if 'solution' in cell.metadata.get('tags', []) %}", "{% if false %}"
    replace(top / "notebooks/course.py", old, new)


@seen_by("tests/test_course.py")
def pages_do_not_say_what_figures_show(top):
    """`make course` drops the sentence of a figure for those who can't see it."""
    old, new = "{{ super() if alt is none", "{{ super() if true"
    replace(top / "notebooks/course.py", old, new)


@seen_by("tests/test_course.py")
def metadata_left_in_executed_notebooks(top):
    """`make notebooks` leaves what differs from machine to machine."""
    replace(
        top / "notebooks/course.py",
        "        strip(notebook)\n        keep_figures(",
        "        keep_figures(",
    )


@seen_by("tests/test_pictures.py")
def any_picture_the_same(top):
    """Two figures count as the same picture whatever their pixels."""
    replace(
        top / "notebooks/pictures.py", "if count <= PIXELS and off.max() <= LEVELS:", "if True:"
    )


@seen_by("tests/test_pictures.py")
def figures_compared_loosely(top):
    """Two figures count as the same picture while 900 pixels differ or fewer, a lot."""
    replace(top / "notebooks/pictures.py", "LEVELS, PIXELS = 2, 100", "LEVELS, PIXELS = 200, 900")


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
