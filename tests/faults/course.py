"""Faults in what surrounds the notebooks: the reader's copies, the pages, README, the set-up."""

from .planting import replace, seen_by


@seen_by("tests/test_course.py")
def readers_copies_overwritten(top):
    """`make lab` copies the notebooks again, over the reader's work."""
    replace(top / "notebooks/course.py", "if not (MINE / source.name).exists():", "if True:")


@seen_by("tests/test_course.py")
def solutions_open_on_the_pages(top):
    """`make course` renders solutions as any other cell."""
    old, new = 'template_file="course.html.j2"', 'template_file="lab/index.html.j2"'
    replace(top / "notebooks/course.py", old, new)


@seen_by("tests/test_course.py")
def metadata_left_in_executed_notebooks(top):
    """`make notebooks` leaves what differs from machine to machine."""
    replace(
        top / "notebooks/course.py",
        '            return 1\n        strip(notebook)\n        with path.open("w"',
        '            return 1\n        with path.open("w"',
    )


@seen_by("tests/test_notebooks.py")
def minutes_of_the_readme_changed(top):
    """README gives a notebook ten minutes less than the notebook itself."""
    replace(top / "README.md", "what Keras gives? | 45 |", "what Keras gives? | 35 |")


@seen_by("tests/test_setup.py")
def pin_outside_its_range(top):
    """The set-up pins a version that the package does not take."""
    replace(top / "constraints.txt", "\nnumpy==2", "\nnumpy==1")
