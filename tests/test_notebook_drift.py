"""What differs between two outputs of a cell, in words. (A whole run: test_notebook_runs.py.)"""

import pytest
from nbformat.v4 import new_output
from notebook_drift import explain


def printed(text):
    return [new_output("stream", text=text)]


def shown(**data):
    return [
        new_output("display_data", {kind.replace("_", "/"): text for kind, text in data.items()})
    ]


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ("1.684", "1.681", "from 1.684 to 1.681 (relative difference 0.0018)"),
        ("mae=1.0e-07", "mae=1.5e-07", "from 1.0e-07 to 1.5e-07 (relative difference 0.5)"),
        ("5,351 windows", "5,531 windows", "from 5,351 to 5,531 (relative difference 0.034)"),
        ("at −3 °C", "at 3 °C", "from −3 to 3 (relative difference 2)"),
        ("loss nan", "loss 0.5", "from nan to 0.5 (relative difference nan)"),
        ("0 solved", "3 solved", "from 0 to 3 (difference 3; no relative one from 0)"),
        ("0.50", "0.5", "from 0.50 to 0.5 (the same number, written otherwise)"),
        ("lag t-17", "lag t-18", "from 17 to 18 (relative difference 0.059)"),
        ("array([1., 2.])", "array([1., 3.])", "from 2 to 3 (relative difference 0.5)"),
    ],
)
def test_a_number_from_and_to(was, now, told):
    assert explain(printed(f"a\n{was}\nb"), printed(f"a\n{now}\nb")) == [
        "printed:",
        f"  committed: {was}",
        f"  fresh:     {now}",
        f"  {told}",
    ]


def test_all_numbers_of_a_line_that_changed_and_no_others():
    told = explain(printed("f 0.5 0.25 7"), printed("f 0.6 0.25 8"))
    assert told[3:] == [
        "  from 0.5 to 0.6 (relative difference 0.2)",
        "  from 7 to 8 (relative difference 0.14)",
    ]


def test_equal_texts_need_no_words():
    assert explain(printed("a 1\n"), printed("a 1\n")) == []
    assert explain([], []) == []


def test_a_row_that_came_does_not_move_the_others():
    old = "a 1\nb 2\nc 3"
    assert explain(printed(old), printed(f"z 9\n{old}")) == [
        "printed, only in the fresh output: z 9"
    ]
    assert explain(printed(old), printed("a 1\nc 3")) == [
        "printed, only in the committed output: b 2"
    ]
    told = explain(printed(old), printed("z of other words\na 5\nb 2\nc 3"))
    assert told == [
        "printed, only in the fresh output: z of other words",
        "printed:",
        "  committed: a 1",
        "  fresh:     a 5",
        "  from 1 to 5 (relative difference 4)",
    ]


def test_white_space_alone_is_shown_as_such():
    assert explain(printed("a  1"), printed("a 1")) == [
        "printed:",
        "  committed: 'a  1'",
        "  fresh:     'a 1'",
    ]


def test_a_figure_and_its_caption_are_told_once():
    old, new = (
        shown(**{"text/plain": alt}) + shown(**{"text/markdown": f"*{alt}*", "text/plain": alt})
        for alt in ("Largest 4.7, of gate f.", "Largest 4.8, of gate f.")
    )
    assert [line for line in explain(old, new) if "committed" in line] == [
        "  committed: Largest 4.7, of gate f."
    ]
    old, new = (
        shown(**{"text/markdown": f"*{alt}*", "text/plain": alt})
        for alt in ("The largest is gate f.", "The largest is gate o.")
    )
    assert [line for line in explain(old, new) if "committed" in line] == [
        "  committed: The largest is gate f."
    ]


def test_what_only_the_html_of_a_table_shows_is_told():
    old, new = (
        shown(
            **{
                "text/plain": "a ... z\n1 ... 2",
                "text/html": f"<tr><th>a</th><th>m</th></tr>\n<tr><td>1</td><td>{m}</td></tr>",
            }
        )
        for m in (5, 6)
    )
    assert explain(old, new) == [
        "shown as a table (HTML):",
        "  committed: 1 5",
        "  fresh:     1 6",
        "  from 5 to 6 (relative difference 0.2)",
    ]


def test_another_error_or_another_stream_is_told():
    old, new = ([new_output("error", ename="ValueError", evalue=f"got {n}")] for n in (7, 8))
    assert explain(old, new)[0] == "error:"
    warned = [new_output("stream", name="stderr", text="careful")]
    assert explain([], warned) == ["printed to stderr, only in the fresh output: careful"]
