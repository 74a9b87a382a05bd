"""No stale prose: numbers, references and minutes of the texts are those of the outputs.

tests/prose.py says what counts as a claim and as its evidence, tests/minutes.py how minutes are
counted. A number that no cell can print stands below, with its reason. At the end are the words
that the course no longer uses, since readers stumbled over them.
"""

import copy
import html
import re
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest
from minutes import NOTEBOOKS, rounded, stated
from nbconvert.filters import markdown2html
from prose import LINK, WORDS, claims, lost, proofs, stale

TOP = Path(__file__).parent.parent
README = TOP / "README.md"
PATHS = {path.name[:2]: path for path in NOTEBOOKS}
READ = {number: nbformat.read(path, as_version=4) for number, path in PATHS.items()}
NUMBERS = sorted(READ)

CITED = "a citation"
EXAMPLE = "an example of somebody else"
SETTING = "a setting of the course, in no output"
DEFINED = "a definition"
LISTED = {
    "01": {
        "from March 2013 to February 2017": "the years of the data",
        "CC BY 4.0": "the name of a licence",
        "fills gaps of up to three hours": SETTING,
        "359° and 1° are neighbours": DEFINED,
        "12 hours ahead looks 13": EXAMPLE,
        "two years to train": DEFINED,
        "about 20 seconds": "a time, which differs from machine to machine",
        "A 473, 2017": CITED,
        "edition, 2025": CITED,
        "edition, 2021": CITED,
        "whose 12 hours are 13": EXAMPLE,
        "row 714, its target row 792, and a row is 10 minutes": EXAMPLE,
        "question 42861460, March 2017": CITED,
    },
    "02": {
        "Jozefowicz et al. 2015": CITED,
        "a file of 2016": "a year",
        "9(8), 1997": CITED,
        "12(10), 2000": CITED,
        "ICML 2015": CITED,
        "question 42861460, 2017": CITED,
        "(2024: the twelve arrays)": CITED,
        "(2025: `LSTM(64)`)": CITED,
    },
    "03": {
        "Gers and Schmidhuber 2000": CITED,
        "by more than 3 °C with the eight hours just before": DEFINED,
        "IJCNN 2000": CITED,
        "28(10), 2017": CITED,
        "Recurrent Networks*, 2015": CITED,
    },
    "04": {
        "all its numbers ten times as large": DEFINED,
        "three times as much, and the copy send minus two times as much": DEFINED,
        "one °C is 1.8 °F": "an exercise's given",
        "Machine Learning 45, 2001": CITED,
        "9:307, 2008": CITED,
        "NeurIPS 2018": CITED,
    },
    "05": {
        "a sequence of 100 random numbers": SETTING,
        "for 500 steps": SETTING,
        "the whole 100 steps (Tallec and Ollivier 2018)": SETTING,
        "an error under 0.9 of that variance": DEFINED,
        "of 100 numbers two are marked": SETTING,
        "(over 0.9 of it)": DEFINED,
        "12(10), 2000": CITED,
        "ICLR 2018": CITED,
        "ICML 2015": CITED,
        "in Keras?* (2025)": CITED,
    },
    "06": {
        "at least 2 % of its largest. It": DEFINED,
        "if 90 % of its importance": DEFINED,
        "ICML 2017": CITED,
        "9:307, 2008": CITED,
        "Distill 2020": CITED,
        "NeurIPS 2020": CITED,
        "ICML 2025": CITED,
        "Networks*, 2014, arXiv:1312": CITED,
        "gradients*, 2021": CITED,
        "Networks*, 2014, arXiv:1311": CITED,
        "contributions*, 2014": CITED,
    },
    "07": {
        "ICML 2017": CITED,
        "Intelligence 3, 2021": CITED,
        "9:307, 2008": CITED,
        "NeurIPS 2018": CITED,
        "NeurIPS 2019": CITED,
        "Hooker et al. (2019)": CITED,
    },
    "08": {
        "course reads 24 hours of weather": SETTING,
        "change in the next 6 hours": SETTING,
        "on a 24-hour clock, two": DEFINED,
        "all 24 hours (168 numbers)": "24 hours of 7 readings",
        "what 168 readings say": "24 hours of 7 readings",
        "fades) at the last 6 hours": SETTING,
        "(Haufe et al. 2014)": CITED,
        "linear classifier probes*, 2016": CITED,
        "EMNLP 2019": CITED,
        "NeurIPS 2020": CITED,
        "NeuroImage 87, 2014": CITED,
    },
    "10": {
        "359 and 1 are neighbours": DEFINED,
        "Of a large file 20,000 windows": SETTING,
        "edition, 2021": CITED,
        "AAAI 2023": CITED,
        "NeurIPS 2019": CITED,
        "JASA 113, 2018": CITED,
    },
    "09": {
        "from 2016": EXAMPLE,
        "AAAI 2020": CITED,
        "NeurIPS 2018": CITED,
        "EMNLP 2019": CITED,
        "Recurrent Networks*, 2015": CITED,
    },
    "11": {
        "windows five times as long": EXAMPLE,
        "close within five hours": "a wrong choice",
        "14(1), 2013": CITED,
        "17(3), 2006": CITED,
    },
}


def edited(number, old, new):
    """A copy of a notebook with a piece of its text replaced, wherever it stands."""
    notebook = copy.deepcopy(READ[number])
    touched = [c for c in notebook.cells if c.cell_type == "markdown" and old in c.source]
    assert touched, f"{old} is not in notebook {number}"
    for cell in touched:
        cell.source = cell.source.replace(old, new)
    return notebook


def problems(notebook, number, known=None):
    """Claims without evidence, and what is listed though no text holds it any more."""
    texts = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    gone = [
        f"listed, but not in the text: {piece}" for piece in LISTED[number] if piece not in texts
    ]
    return stale(notebook, LISTED[number], known) + gone


@pytest.mark.parametrize("number", NUMBERS)
def test_every_number_is_printed_or_asserted(number):
    assert problems(READ[number], number) == []


@pytest.mark.parametrize("number", NUMBERS)
def test_the_list_is_short_and_all_of_it_is_needed(number):
    listed, known = LISTED[number], proofs(READ[number])
    assert len(listed) <= 15
    assert all(listed.values())
    for piece in listed:
        rest = [other for other in listed if other != piece]
        assert stale(READ[number], rest, known), f"no number needs {piece!r} on the list"


@pytest.mark.parametrize(
    ("number", "old", "new"),
    [
        ("01", "by 7 to 10 %", "by 17 to 20 %"),
        ("01", "by 7 to 10 %", "by 7 to 10 hPa"),
        ("01", "5,351", "5,531"),
        ("05", "103.2 hours", "103.2 °C"),
        ("07", "0.153 to 0.240 °C", "0.153 to 0.240 hPa"),
    ],
)
def test_planted_numbers_and_units_are_found(number, old, new):
    assert problems(edited(number, old, new), number)


def test_what_is_listed_and_gone_is_found(monkeypatch):
    monkeypatch.setitem(LISTED["01"], "in the year 1999", "a year")
    assert problems(READ["01"], "01") == ["listed, but not in the text: in the year 1999"]


def mutants(number):
    """Copies of a notebook, each with 1 added to the last digit of one claim; and what changed."""
    notebook, words = copy.deepcopy(READ[number]), [*WORDS, "two"]
    for cell in (cell for cell in notebook.cells if cell.cell_type == "markdown"):
        source = cell.source
        for claim in claims(source):
            said = source[claim.start : claim.end]
            if said[-1].isdigit():
                one_more = said[:-1] + str((int(said[-1]) + 1) % 10)
            else:
                one_more = words[words.index(said.lower()) + 1]
            cell.source = source[: claim.start] + one_more + source[claim.end :]
            around = " ".join(source[max(claim.start - 40, 0) : claim.end + 20].split())
            yield notebook, f"{number}: {one_more} for {said} in '{around}'"
        cell.source = source


def test_a_changed_number_is_found():
    """What slips is printed there too: 6 hours made 7, where the section prints 7 hours as well."""
    slipped, count = [], 0
    for number in NUMBERS:
        known = proofs(READ[number])
        for notebook, change in mutants(number):
            count += 1
            slipped += [change] if not problems(notebook, number, known) else []
    print(f"{count - len(slipped)} of {count} changed numbers found; not:", *slipped, sep="\n")
    assert len(slipped) <= 0.06 * count, "\n".join(slipped)


@pytest.mark.parametrize("number", NUMBERS)
def test_every_reference_leads_where_it_says(number):
    assert lost(READ[number], PATHS[number], NOTEBOOKS) == []


@pytest.mark.parametrize(
    ("number", "old", "new"),
    [
        ("07", "[section 1]", "[section 2]"),
        ("07", "(#1.-", "(#2.-"),
        ("07", "## 1. Used", "## 1. Needed"),
        ("07", "[section 1](#1.-Used:-shuffle-one-hour)", "section 1"),
        ("05", "## 3. From", "## 4. From"),
        ("05", "sections 5 to 7 are optional", "sections 5 to 8 are optional"),
        ("05", "Notebook 07 looks", "Notebook 70 looks"),
        ("05", "Exercise 3 of notebook 03", "Exercise 5 of notebook 03"),
        ("03", "Exercise 3 below", "Exercise 6 below"),
    ],
)
def test_planted_references_are_found(number, old, new):
    assert lost(edited(number, old, new), PATHS[number], NOTEBOOKS)


def test_a_section_that_lost_its_tags_is_found():
    notebook = copy.deepcopy(READ["05"])
    tagged = [cell for cell in notebook.cells if "optional" in cell.metadata.get("tags", [])]
    tagged[0].metadata = {}
    assert lost(notebook, PATHS["05"], NOTEBOOKS)


@pytest.mark.parametrize("number", NUMBERS)
def test_pages_have_the_anchors(number):
    """What nbconvert makes of headings and links. (JupyterLab does it by the same rule.)"""
    texts = [cell.source for cell in READ[number].cells if cell.cell_type == "markdown"]
    page = html.unescape("".join(markdown2html(text) for text in texts))
    leads = set(re.findall(r'href="#([^"]*)">[Ss]ection', page))
    assert len(leads) == len({t for text in texts for _, t in LINK.findall(text) if t[0] == "#"})
    assert {unquote(lead) for lead in leads} <= set(re.findall(r'id="([^"]*)"', page))
    assert all(lead.isascii() for lead in leads), "JupyterLab compares them undecoded"


def wrong_in_readme(text):
    """What README.md says of the notebooks and is not so, a line each."""
    found, core, taken = [], {}, 0
    table = re.findall(r"(?m)^(\| \[(.+)\]\(notebooks/(.+)\) \| (.+) \| .+ \|)$", text)
    if [target for _, _, target, _ in table] != [path.name for path in NOTEBOOKS]:
        return ["expected one row for each notebook, in order"]
    for row, name, target, question in table:
        number = target[:2]
        core[number], _ = rounded(READ[number], number)
        if name != target:
            found.append(f"{name} leads to {target}")
        if question.lower() not in READ[number].cells[0].source.splitlines()[0].lower():
            found.append(f"not the question of notebook {number}: {question}")
        if stated(row) != rounded(READ[number], number):
            found.append(f"expected {rounded(READ[number], number)} minutes in {row}")
    found += [
        f"({target}): no such file"
        for _, target in LINK.findall(text)
        # A badge is on the host of a fork, not in the checkout.
        if "://" not in target
        and not target.startswith("../../actions/workflows/")
        and not (README.parent / target).exists()
    ]
    days = re.findall(r"(?s)(?:half a day:|a\sday\sadds) (.+?) \((\d+)", text)
    if len(days) != 2:
        found.append("expected minutes for half a day and for a day")
    for many, total in days:
        taken += sum(core[number] for number in re.findall(r"\d\d", many))
        if taken != int(total):
            found.append(f"expected {taken} minutes, got {total}: {many}")
    return found


@pytest.mark.parametrize("number", NUMBERS)
def test_the_notebook_states_its_minutes(number):
    assert stated(READ[number].cells[0].source) == rounded(READ[number], number)


def test_readme_states_the_minutes_of_all():
    assert wrong_in_readme(README.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("| 45 (+ 5) |", "| 40 (+ 5) |"),
        ("(160 minutes)", "(150 minutes)"),
        ("(240)", "(260)"),
        ("Which numbers belong to which gate?", "Which numbers belong where?"),
        ("(notebooks/02_", "(notebooks/03_"),
        ("(data/README.md)", "(data/READ.md)"),
    ],
)
def test_planted_faults_of_readme_are_found(old, new):
    text = README.read_text(encoding="utf-8")
    assert old in text
    assert wrong_in_readme(text.replace(old, new))


def test_planted_minutes_are_found():
    opening = edited("05", "take 5 more", "take 20 more").cells[0].source
    assert stated(opening) != rounded(READ["05"], "05")
    longer = edited("05", "## 8. A puzzle", "## 8. A puzzle" + " word" * 750)
    assert rounded(longer, "05")[0] == rounded(READ["05"], "05")[0] + 5


RETIRED = {  # why: (pattern, a sentence with it)
    "write horizon": (r"\b(?:a|the|each|every|both|one|same|three) leads?\b", "used at both leads"),
    "write attribution": (r"\bbills?\b", "integrated gradients write a bill"),
    "write largest": (r"\bdearest\b", "the dearest lag is 23"),
    "write path": (r"\broads?\b", "notebook 08 finds the road"),
    "write is missing": (r"\bno \w+ lacks\b|\blacks in\b", "a view in which no hour lacks"),
    "write raises an error": (r"\brefuses?\b|\brefused\b", "whoever asks for two is refused"),
    "write if you, or name them": (r"(?i)\bwho(?:m)?ever\b", "Whoever averages sees nothing"),
    "write has no": (r"\b(?:has|have) not[.,;:)]", "a peephole, which Keras has not."),
    "write there is no": (r"\bis none\b", "where the truth is none"),
    "put the subject first": (r"(?i)\bnor (?:does|do|is|are|can|has|did)\b", "Nor does it"),
    "say it plainly": (r"\bin vain\b", "looks in vain"),
}


def read_by_learners():
    """Every text of the course by its name: what cells say and print, the pages, the package."""
    found = {}
    for number, notebook in READ.items():
        pieces = [cell.source for cell in notebook.cells]
        for output in (o for cell in notebook.cells for o in cell.get("outputs", [])):
            pieces.append(output.get("text") or output.get("data", {}).get("text/plain", ""))
        found[f"notebook {number}"] = "\n".join(pieces)
    pages = [
        README,
        TOP / "INSTRUCTORS.md",
        TOP / "data" / "README.md",
        TOP / "tests" / "README.md",
    ]
    for path in (*pages, *sorted((TOP / "lstm_helpers" / "course").glob("*.py"))):
        found[path.relative_to(TOP).as_posix()] = path.read_text(encoding="utf-8")
    return found


def retired(text):
    """Every retired word in a text, a line each."""
    found = []
    for why, (pattern, _) in RETIRED.items():
        for match in re.finditer(pattern, text):
            around = " ".join(text[max(match.start() - 30, 0) : match.end() + 20].split())
            found.append(f"{why}: {around}")
    return found


LEARNERS_READ = read_by_learners()


@pytest.mark.parametrize("name", LEARNERS_READ)
def test_no_text_uses_a_retired_word(name):
    assert retired(LEARNERS_READ[name]) == []


@pytest.mark.parametrize("why", RETIRED)
def test_a_retired_word_is_found(why):
    assert retired(RETIRED[why][1])[0].startswith(why)
