"""The website as its readers meet it: every page in a browser, by eye, by keyboard and on paper.

It is built once, from the outputs that the notebooks have, and opened from files, as by somebody
who got the folder on a stick. Where Sphinx or Chromium is missing, what needs it is skipped.
"""

import html
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import numpy as np
import pytest
from common import TOP, random_weights

import lstm_helpers as lh
from lstm_helpers import plots
from lstm_helpers.course import commands, website

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
NOTEBOOKS = {
    path.name: nbformat.read(path, as_version=4) for path in commands.find(TOP / "notebooks")
}
PHONE = {"viewport": {"width": 360, "height": 780}, "color_scheme": "dark", "has_touch": True}
DESK = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the website, made of the notebooks as they are."""
    if absent := website.missing():
        pytest.skip(f"there is no {absent[0]}: install the extra site")
    rendered = tmp_path_factory.mktemp("a site") / "course"
    assert website.build(TOP, NOTEBOOKS, rendered) == 0
    return rendered


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="install the extra browser")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium")
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def pages(site):
    """All but a fragment of the theme's."""
    return sorted(path for path in site.rglob("*.html") if "_static" not in path.parts)


# What can be read from the files.


class Links(HTMLParser):
    """The anchors of a page, and where it leads."""

    def __init__(self, path):
        super().__init__()
        self.anchors, self.leads, self.images = {""}, [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.anchors |= {found.get("id", ""), found.get("name", "") if tag == "a" else ""}
        self.leads += [found[name] for name in ("href", "src") if found.get(name)]
        if tag == "img":
            self.images.append(found)


def lost(site):
    """Links within the website that lead nowhere."""
    read = {path: Links(path) for path in pages(site)}
    found = []
    for path, page in read.items():
        for lead in page.leads:
            parts = urlsplit(lead)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                found.append(f"{path.name}: {lead}: no such file")
            elif parts.fragment and unquote(parts.fragment) not in read[target].anchors:
                found.append(f"{path.name}: {lead}: no such place")
    return found


def test_every_link_within_leads_somewhere(site):
    assert lost(site) == []


def test_a_lost_link_is_found(tmp_path):
    (tmp_path / "a.html").write_text('<a href="b.html#x">b</a> <a href="c.html">c</a>')
    (tmp_path / "b.html").write_text('<p id="y"> <a href="#y">y</a>')
    assert lost(tmp_path) == ["a.html: b.html#x: no such place", "a.html: c.html: no such file"]


def test_every_figure_says_what_it_shows(site):
    for name, notebook in NOTEBOOKS.items():
        said = []
        for output in (o for cell in notebook.cells for o in cell.get("outputs", [])):
            if "image/png" in output.get("data", {}):
                said.append(output.metadata["image/png"]["alt"])
            # A living figure is a picture until its script runs.
            living = re.findall(
                r'<img [^>]*alt="([^"]*)"', output.get("data", {}).get("text/html", "")
            )
            said += map(html.unescape, living)
        page = Links((site / "notebooks" / name).with_suffix(".html"))
        assert [image.get("alt") for image in page.images] == said


def test_every_public_name_has_its_place(site):
    api = "".join(path.read_text(encoding="utf-8") for path in (site / "api").glob("*.html"))
    names = [f"lstm_helpers.{name}" for name in lh.__all__]
    names += [f"lstm_helpers.plots.{name}" for name in plots.__all__]
    names += ["lstm_helpers.keras_tools.ForgetBias", "lstm_helpers.keras_tools.keras_trace"]
    names += ["lstm_helpers.torch_tools.torch_forward", "lstm_helpers.course.weather.clean"]
    assert [name for name in names if f'id="{name}"' not in api] == []


def test_each_term_of_the_glossary_is_linked_once_a_page_and_somewhere(site):
    glossary = (TOP / "website" / "glossary.md").read_text(encoding="utf-8")
    (body,) = re.findall(r"(?s)```\{glossary\}\n(.*)```", glossary)
    terms = [line for line in body.splitlines() if line and not line.startswith(" ")]
    assert len(terms) == len(
        re.findall(r'<dt id="term-', (site / "glossary.html").read_text("utf-8"))
    )
    used = set()
    for path in pages(site):
        leads = re.findall(r'glossary\.html#(term-[\w-]+)"', path.read_text(encoding="utf-8"))
        assert len(leads) == len(set(leads)), path
        used |= set(leads)
    assert len(used) == len(terms)


def test_papers_and_notebooks_that_are_named_can_be_clicked(site):
    text = (site / "notebooks" / "03_replay_the_cell.html").read_text(encoding="utf-8")
    assert 'href="https://arxiv.org/abs/1503.04069">arXiv:1503.04069</a>. Which' in text
    assert 'href="https://doi.org/10.1109/IJCNN.2000.861302">' in text
    assert 'href="02_slice_the_weights.html">notebook 02</a>' in text


# In the browser.


def opened(browser, path, how=DESK):
    """The page, and what went wrong: in its console, with what it asked for, with other hosts."""
    context = browser.new_context(**how)
    page = context.new_page()
    page.faults = []
    page.on(
        "console", lambda said: said.type in ("error", "warning") and page.faults.append(said.text)
    )
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("requestfailed", lambda asked: page.faults.append(f"missing: {asked.url}"))
    page.on("request", lambda asked: _ask(page, asked.url))
    page.goto(path.as_uri())
    return page


def _ask(page, url):
    if not url.startswith(("file:", "data:", "blob:")):
        page.faults.append(f"another host: {url}")


AXE = """async () => {
    // Colours are slow to look at, and a page of code has thousands of words: each kind once.
    const kind = (e) => e ? kind(e.parentElement) + ">" + e.tagName + "." + e.className : "";
    const kinds = new Map();
    for (const e of document.body.querySelectorAll("*")) {
        const text = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
        if (text && e.getClientRects().length && !kinds.has(kind(e))) kinds.set(kind(e), e);
    }
    const options = {resultTypes: ["violations"], preload: false};
    const all = await axe.run(document, {...options, rules: {"color-contrast": {enabled: false}}});
    const some = kinds.size ? await axe.run(
        {include: [...kinds.values()]}, {...options, runOnly: ["color-contrast"]}) : all;
    return [...all.violations, ...some.violations].map(
        (rule) => rule.id + ": " + rule.nodes[0].html.slice(0, 160));
}"""


def axe(page):
    """What axe-core finds: rule, and the first element that breaks it."""
    import axe_playwright_python

    source = Path(axe_playwright_python.__file__).with_name("axe.min.js")
    page.evaluate(source.read_text(encoding="utf-8"))
    return sorted(set(page.evaluate(AXE)))


def faults(browser, path, how, rules=True):
    page = opened(browser, path, how)
    found = [*page.faults, *(axe(page) if rules else [])]
    wide, room = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    if wide > room:
        found.append(f"scrolls sideways: {wide} px in {room}")
    page.context.close()
    return [f"{path.parent.name}/{path.name}: {fault}" for fault in found]


@pytest.mark.parametrize("how", [DESK, PHONE], ids=["desk, light", "phone, dark"])
def test_every_page_opens_without_a_fault(site, browser, how):
    found = []
    for path in pages(site):
        # The pages of the package are made alike, and on one of them axe looks at each colour.
        alike = path.parent.name == "api" and path.name != "lstm_helpers.patching.html"
        found += faults(browser, path, how, rules=how is DESK or not alike)
    assert found == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<script>nothing_of_that_name()</script>", "nothing_of_that_name is not defined"),
        ('<img alt="x" src="none.png">', "none.png"),
        ('<img alt="x" src="http://other.invalid/x.png">', "another host: http://other.invalid"),
        ("<p style='width: 500px'>wide</p>", "scrolls sideways: 5"),
        ("<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>", "image-alt"),
        ("<p style='color: #888; background: #999'>pale</p>", "color-contrast"),
    ],
)
def test_a_planted_fault_is_found(browser, tmp_path, body, said):
    path = tmp_path / "a.html"
    page = f"<!doctype html><html lang=en><title>a</title><main><h1>a</h1>{body}</main></html>"
    path.write_text(page, encoding="utf-8")
    assert said in "\n".join(faults(browser, path, PHONE))


WANTED = "a[href], button, input, select, summary, [tabindex='0']"
VISIBLE = f"""() => [...document.querySelectorAll("{WANTED}")].filter(
    (e) => e.checkVisibility({{visibilityProperty: true}}) && !e.disabled && e.tabIndex >= 0
        && e.getClientRects().length).map((e, n) => {{
            const said = e.outerHTML.slice(0, 120); e.dataset.n = n; return said; }})"""


def unreached(page):
    """What can be clicked and can't be reached with the tabulator."""
    wanted = dict(enumerate(page.evaluate(VISIBLE)))
    for _ in range(len(wanted) + 20):
        page.keyboard.press("Tab")
        wanted.pop(int(page.evaluate("document.activeElement.dataset.n ?? -1")), None)
    return list(wanted.values())


@pytest.mark.parametrize(
    "name", ["index", "notebooks/03_replay_the_cell", "api/lstm_helpers.patching", "search"]
)
def test_the_keyboard_reaches_everything(site, browser, name):
    page = opened(browser, site / f"{name}.html")
    assert unreached(page) == []
    page.context.close()


def test_what_the_keyboard_does_not_reach_is_found(browser, tmp_path):
    path = tmp_path / "a.html"
    trap = '<a href="#b">b</a><input onkeydown="event.preventDefault()"><button>after</button>'
    path.write_text(trap, encoding="utf-8")
    page = opened(browser, path)
    assert unreached(page) == ["<button>after</button>"]
    page.context.close()


def test_a_figure_opens_and_shuts_by_keyboard(site, browser):
    page = opened(browser, site / "notebooks" / "03_replay_the_cell.html", PHONE)
    page.locator("a.course-figure").first.focus()
    page.keyboard.press("Enter")
    large = page.locator("dialog.course-enlarged img")
    assert large.get_attribute("alt")
    assert large.bounding_box()["width"] >= 900  # scrolled, where the screen has 390
    assert axe(page) == []
    page.keyboard.press("Escape")
    assert page.locator("dialog.course-enlarged").count() == 0
    page.context.close()


def test_solutions_are_folded_until_they_are_asked_for(site, browser):
    page = opened(browser, site / "notebooks" / "03_replay_the_cell.html")
    assert page.get_by_text("03-1: right").is_hidden()
    page.get_by_text("Solution of exercise 1", exact=True).focus()
    page.keyboard.press("Enter")
    assert page.get_by_text("03-1: right").is_visible()
    page.context.close()


def test_on_a_phone_the_menu_leads_to_the_other_notebooks(site, browser):
    page = opened(browser, site / "notebooks" / "03_replay_the_cell.html", PHONE)
    page.locator("button.primary-toggle").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="04 Draw heatmaps and norms").first.click()
    assert "04_draw" in page.url
    page.context.close()


def test_search_finds_a_word_without_a_server(site, browser):
    page = opened(browser, site / "notebooks" / "03_replay_the_cell.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("forget bias")
    page.keyboard.press("Enter")
    page.locator("ul.search li a", has_text="Set the forget bias").first.wait_for()
    assert page.faults == []
    page.context.close()


def test_previous_and_next_lead_through_the_course(site, browser):
    first, *others = [Path(name).stem for name in NOTEBOOKS]
    page = opened(browser, site / "notebooks" / f"{first}.html")
    for name in others:
        page.locator("a.right-next").click()
        page.wait_for_url(f"**/{name}.html")
    page.context.close()


PAPER = {"viewport": {"width": 688, "height": 1000}}
"""What A4 leaves within its margins, in the pixels of CSS."""


def test_on_paper_no_code_is_cut_and_no_figure_stands_on_two_pages(site, browser):
    for name in NOTEBOOKS:
        page = opened(browser, (site / "notebooks" / name).with_suffix(".html"), PAPER)
        page.emulate_media(media="print")
        cut = """[...document.querySelectorAll("article pre")].filter(
            (e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent.slice(0, 60))"""
        assert page.evaluate(cut) == []
        split = """[...document.querySelectorAll("a.course-figure")].filter(
            (e) => getComputedStyle(e).breakInside != "avoid" || e.offsetHeight > 1000
            ).map((e) => e.innerHTML)"""
        assert page.evaluate(split) == []
        shown = "#pst-primary-sidebar, #pst-header, .prev-next-footer, #pst-secondary-sidebar"
        assert not any(part.is_visible() for part in page.locator(shown).all())
        page.context.close()


# A small course, for what the notebooks do not have.

LIVING = """<button id="b">0</button><script>
const b = document.getElementById("b"); b.onclick = () => { b.textContent = 1 + +b.textContent; };
</script>"""
TEXT = """\
# Ask: is it <so>?

A Gate is not a forget gate, and two gates are. See notebook 02, [its end](#1.-The-end,-or-so) and
arXiv:1503.04069. Here is $c = \\sigma(x)$, and

$$h = o \\circ \\tanh(c)$$

## 1. The end, or so

So a gate is a gate.
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    if absent := website.missing():
        pytest.skip(f"there is no {absent[0]}: install the extra site")
    top = tmp_path_factory.mktemp("a small course")
    shutil.copytree(TOP / "website", top / "website")
    (top / "README.md").write_text("# A course\n", encoding="utf-8")
    living = nbformat.v4.new_output("display_data", {"text/html": LIVING, "text/plain": "a figure"})
    rng = np.random.default_rng(0)
    network = lh.Readout(random_weights(rng, dtype="float32"), rng.normal(size=3))
    figure = plots.play(network, rng.normal(size=(6, 2)).astype("float32"))
    played = nbformat.v4.new_output("display_data", figure._repr_mimebundle_())
    cells = [
        nbformat.v4.new_markdown_cell(TEXT),
        nbformat.v4.new_code_cell("1", outputs=[living]),
        nbformat.v4.new_code_cell("2", outputs=[played]),
        nbformat.v4.new_code_cell("6 * 7", metadata={"tags": ["solution"]}),
    ]
    notebooks = {
        name: nbformat.v4.new_notebook(cells=cells) for name in ("01_a.ipynb", "02_b.ipynb")
    }
    for notebook in notebooks.values():
        notebook.metadata = {"language_info": {"name": "python"}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(website, "public_modules", lambda: ["lstm_helpers.patching"])
        assert website.build(top, notebooks, top / "build" / "course") == 0
    return top / "build" / "course" / "notebooks"


def test_the_first_use_of_a_term_leads_to_the_glossary_and_no_other(small):
    text = html.unescape((small / "01_a.html").read_text(encoding="utf-8"))
    words = re.findall(r'<a [^>]*glossary\.html#term-([\w-]+)"[^>]*>(?:<[^>]*>)*([^<]+)', text)
    assert words == [("gate", "Gate"), ("forget-gate", "forget gate")]
    assert 'href="02_b.html">notebook 02</a>' in text
    (lead,) = re.findall(r'href="#([\w-]*the-end-or-so)"[^>]*>(?:<span[^>]*>)?its end', text)
    assert f'id="{lead}"' in text


def test_formulas_are_shown_without_a_script(small, browser):
    page = opened(browser, small / "01_a.html")
    assert page.locator("article math").count() == 2
    assert page.locator("math[display=block] mo", has_text="∘").is_visible()
    page.context.close()


def test_a_living_figure_lives(small, browser):
    page = opened(browser, small / "01_a.html")
    page.locator("#b").click()
    assert page.locator("#b").text_content() == "1"
    assert page.faults == []
    page.context.close()


LOOKS = """() => {
    const style = (what) => getComputedStyle(document.querySelector(what));
    const buttons = [...document.querySelectorAll(".lstm-play button")];
    const left = (what) => what.getBoundingClientRect().left;
    const label = document.querySelector(".lstm-play label");
    const colors = [".lstm-play", ".lstm-play .mark", "article p"].map((what) => style(what).color);
    const page = getComputedStyle(document.body).backgroundColor;
    let behind = document.querySelector(".lstm-play");
    const clear = "rgba(0, 0, 0, 0)";
    while (getComputedStyle(behind).backgroundColor == clear) behind = behind.parentElement;
    return {
        widths: buttons.map((button) => button.offsetWidth),
        indent: left(buttons[0]) - left(label),
        lines: new Set(buttons.map((button) => button.offsetTop)).size,
        text: parseFloat(style(".lstm-play").fontSize),
        legend: parseFloat(style(".lstm-play legend").fontSize),
        colors: new Set(colors).size,
        on_the_page: getComputedStyle(behind).backgroundColor == page,
    };
}"""


@pytest.mark.parametrize(("device", "lines"), [(DESK, {1}), (PHONE, {2, 3})])
def test_a_living_figure_looks_on_the_site_as_in_a_notebook(small, browser, device, lines):
    """The theme has rules of its own for .row, .mark, legends and, in the dark, for outputs."""
    page = opened(browser, small / "01_a.html", device)
    found = page.evaluate(LOOKS)
    assert len(found["widths"]) == 4
    assert max(found["widths"]) < 220, "as wide as its words"
    assert found["indent"] == 0
    assert found["lines"] in lines
    assert found["legend"] == found["text"]
    assert found["colors"] == 1
    assert found["on_the_page"]
    page.context.close()


def test_a_warning_is_an_error(small, tmp_path, capfd):
    (tmp_path / "README.md").write_text("# A course\n\n[nowhere](none.md)\n", encoding="utf-8")
    shutil.copytree(TOP / "website", tmp_path / "website")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(website, "public_modules", lambda: [])
        assert website.build(tmp_path, {}, tmp_path / "build" / "course") != 0
    assert "none.md" in capfd.readouterr().err
