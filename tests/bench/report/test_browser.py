"""The page in a real browser: from disk, with nothing loaded, with and without its script."""

from urllib.parse import quote

import pytest


class Visit:
    """A page that keeps what the browser complained of and asked for."""

    def __init__(self, browser, file, address="", **options):
        self.complaints, self.requests = [], []
        self.page = browser.new_page(viewport={"width": 1300, "height": 900}, **options)
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.goto(f"file://{file}{address}")

    def texts(self, selector):
        return [element.inner_text() for element in self.page.query_selector_all(selector)]

    def order(self, task="caopd_math_conf"):
        """The models of a task that are shown, in order."""
        rows = self.page.query_selector_all(f'#standings-table tbody[data-task="{task}"] tr')
        return [r.get_attribute("data-name") for r in rows[1:] if r.is_visible()]

    def loaded(self):
        """What was asked for beside the page itself."""
        return self.requests[1:]


@pytest.fixture
def visit(chromium, page):
    visits = []

    def visit(address="", **options):
        visits.append(Visit(chromium, page, address, **options))
        return visits[-1]

    yield visit
    for one in visits:
        assert one.complaints == []
        assert one.loaded() == []
        one.page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_opens_from_disk_in_both_colour_schemes(visit, scheme):
    one = visit(color_scheme=scheme)
    assert one.page.title() == "Toys <i>& co</i>"
    assert one.texts("h1") == ["Toys <i>& co</i>"]
    paper, ink = one.page.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )
    channels = [int(part) for part in paper.removeprefix("rgb(").rstrip(")").split(",")]
    assert (sum(channels) > 384) == (scheme == "light")
    assert paper != ink
    # Nothing is wider than the window but what scrolls by itself.
    assert one.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_sorts_by_every_column_within_a_task(visit):
    one = visit()
    first = one.order()
    assert sorted(first) == ["base", "caopd", "opd", "silent"]
    heads = one.page.query_selector_all("#standings-table th[data-sort]")
    for column, head in enumerate(heads):
        head.query_selector("button").click()
        assert head.get_attribute("aria-sort") == "ascending"
        cells = [
            one.page.query_selector(f'tr[data-name="{name}"][data-task="caopd_math_conf"]')
            for name in one.order()
        ]
        values = [
            cell.evaluate(
                f"row => {column} === 0 ? row.dataset.name : row.cells[{column}].dataset.value"
            )
            for cell in cells
        ]
        known = [value if column < 2 else float(value) for value in values if value is not None]
        assert known == sorted(known)
    heads[2].query_selector("button").click()
    heads[2].query_selector("button").click()
    assert heads[2].get_attribute("aria-sort") == "descending"
    assert one.order()[0] == "caopd"
    assert one.order()[-1] == "opd"
    assert "sort=skill" in one.page.url


def test_filters_and_their_address(visit):
    one = visit()
    one.page.select_option('[data-filter="method"]', "opd")
    assert one.order() == ["opd"]
    assert one.texts("#filters output") == ["2 of 7 rows"]
    one.page.select_option('[data-filter="task"]', "caopd_gsm8k_conf")
    assert one.order() == []
    assert one.order("caopd_gsm8k_conf") == ["opd"]
    again = visit("#" + one.page.url.partition("#")[2])
    assert again.order("caopd_gsm8k_conf") == ["opd"]
    again.page.click("#filters button[type=reset]")
    again.page.wait_for_selector("#filters output:has-text('7 of 7 rows')")


def test_filters_by_keyboard(visit):
    one = visit()
    one.page.focus('#standings-table th[data-sort="ece"] button')
    one.page.keyboard.press("Enter")
    assert one.page.get_attribute('th[data-sort="ece"]', "aria-sort") == "ascending"
    one.page.focus('[data-filter="name"]')
    one.page.keyboard.type("CAO")
    assert one.order() == ["caopd"]


def test_browses_samples(visit):
    one = visit()
    assert one.page.input_value("#browser [name=view]") == "sure-wrong"
    shown = one.texts("#rows article")
    assert shown
    assert all("wrong" in text for text in shown)
    one.page.select_option("#browser [name=run]", "opd")
    one.page.select_option("#browser [name=other]", "caopd")
    one.page.select_option("#browser [name=view]", "only-that")
    shown = one.texts("#rows article")
    assert shown
    assert all("opd: wrong" in text and "caopd: right" in text for text in shown)
    one.page.select_option("#browser [name=view]", "unparsed")
    assert all("no confidence" in text for text in one.texts("#rows article"))
    one.page.select_option("#browser [name=view]", "")
    one.page.fill("#browser [name=q]", "question 17?")
    assert len(one.texts("#rows article")) == 1
    again = visit("#" + one.page.url.partition("#")[2])
    assert again.texts("#rows article") == one.texts("#rows article")


def test_a_link_leads_to_one_item(visit):
    one = visit("#samples?task=caopd_gsm8k_conf&run=caopd&other=opd&view=right")
    link = one.page.query_selector("#rows article a").get_attribute("href")
    again = visit(link)
    assert len(again.texts("#rows article")) == 1
    assert "caopd: right" in again.texts("#rows article")[0]


def test_more_are_shown_on_request(visit):
    one = visit("#samples?task=caopd_math_conf&run=base&view=wrong")
    before = len(one.texts("#rows article"))
    assert before == 10
    one.page.click("#more")
    assert len(one.texts("#rows article")) > before


def test_hostile_text_is_text(visit):
    one = visit("#samples?task=caopd_math_conf&run=base&view=sure-wrong")
    while one.page.is_visible("#more"):
        one.page.click("#more")
    shown = "\n".join(one.texts("#rows article"))
    assert "</script><script>document.title='owned'</script>" in shown
    assert "\\u202egnorw" in shown
    assert "zero\\u200bwidth" in shown
    assert "\\x00 NUL, \\ud800 alone, \\u2028 line" in shown
    assert "996,000 characters left out" in shown
    assert "<style>*{display:none}</style> ]]> &lt;b&gt; {{7*7}} ${7*7} שלום" in shown
    assert one.page.title() == "Toys <i>& co</i>"
    assert one.page.evaluate("document.querySelectorAll('main img, main style').length") == 0
    assert one.page.evaluate("document.scripts.length") == 2


def test_what_an_injected_script_could_do_is_nothing(visit):
    one = visit()
    one.page.evaluate(
        """() => { const made = document.createElement('script');
        made.textContent = "document.title = 'owned'"; document.body.append(made); }"""
    )
    assert one.page.title() == "Toys <i>& co</i>"
    assert "Content Security Policy" in one.complaints.pop()


def test_reads_without_javascript(visit):
    one = visit(java_script_enabled=False)
    assert one.order()[0] == "caopd"
    assert one.order()[-1] == "opd"
    assert not one.page.query_selector("#filters").is_visible()
    assert "The browser needs JavaScript" in one.texts("noscript")[0]
    text = one.page.inner_text("main")
    for said in (
        "caopd is first of 4",
        "Ordered by Brier skill",
        "asked otherwise",
        "published, not measured",
        "Provenance",
    ):
        assert said in text
    # A section of a model opens without the script.
    one.page.click("#model-1 > summary")
    assert "Reliability of base" in one.page.inner_text("#model-1")
    one.page.click("#model-1 summary:has-text('sure and wrong')")
    assert "Right answer: " in one.page.inner_text("#model-1")


def test_an_address_opens_the_section_of_a_model(visit):
    one = visit("#model-2")
    assert one.page.get_attribute("#model-2", "open") is not None


@pytest.mark.parametrize("address", ["#nothing", "#samples?run=%ZZ&view=x", f"#{quote('<b>')}"])
def test_odd_addresses_do_no_harm(visit, address):
    assert len(visit(address).order()) == 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessibility(visit, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    one = visit(color_scheme=scheme)
    one.page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    found = axe.Axe().run(one.page).response["violations"]
    assert [(one["id"], one["impact"], one["nodes"][0]["html"][:200]) for one in found] == []
