"""The HTML report where people read it: accessible, quiet on the network, deaf to what files say.

It takes a Chromium, playwright to drive it, and what ``tests/report/browser/package.json`` names;
``make browser`` installs what it can of that and runs this module.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import safeload
from safeload.auditing.run import AuditReport
from safeload.report.html.page import as_html
from safeload.report.programs import Rereading
from safeload.report.rule_pages import url_of
from tests.builder import Name, Pickle
from tests.report.test_html import HOSTILE_PAGE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TOOLS = Path(__file__).parent / "browser"
AXE = TOOLS / "node_modules" / "axe-core" / "axe.min.js"
VALIDATE = TOOLS / "node_modules" / "html-validate" / "bin" / "html-validate.mjs"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NODE = shutil.which("node")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on the PATH"),
    pytest.mark.skipif(NODE is None, reason="there is no node on the PATH"),
    pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: make browser"),
]

# Nothing that a browser of a person's does beside showing a page.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
OWNED = "document.title = 'owned'"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    driver = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: make browser"
    )
    with driver.sync_playwright() as playwright, tempfile.TemporaryDirectory() as home:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=QUIET, env={"HOME": home}
        )
        yield started
        started.close()


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A report on files of every verdict, with programs."""
    folder = tmp_path_factory.mktemp("models")
    nested = Pickle.nested_objects("a", Name("posix", "system"))
    for name, data in {
        "attack.pkl": Pickle(4).call(Name("posix", "system"), "touch canary").finish(),
        "hidden.joblib": Pickle(4).array(bytes(8)).object_array(nested).tuple2().finish(),
        "plain.pkl": Pickle(4).save({"a": 1}).finish(),
        "cut.pkl": Pickle(4).save({"a": 1}).finish()[:-2],
        "weights.h5": b"\x89HDF\r\n\x1a\n",
        "notes.txt": b"no model",
        f"{'long-' * 40}.pkl": Pickle(4).save([1]).finish(),
    }.items():
        (folder / name).write_bytes(data)
    report = safeload.audit(folder)
    assert {file.verdict for file in report.files} == set(safeload.Verdict)
    return as_html(report, programs=Rereading())


@pytest.fixture
def saved(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "report.html"
    path.write_text(text)
    return path


def opened(browser: Browser, path: Path, **options: Any) -> Page:
    page = browser.new_context(**options).new_page()
    page.set_default_timeout(30_000)
    page.goto(path.as_uri())
    return page


def shown(page: Page) -> list[str]:
    """The names of the files whose panels are shown."""
    titles = page.locator("details.file:visible h3").all_text_contents()
    return [Path(title).name for title in titles]


WAYS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "narrow": {"viewport": {"width": 320, "height": 640}},
    "narrow and hostile": {"viewport": {"width": 320, "height": 640}, "color_scheme": "dark"},
    "printed": {},
}


@pytest.mark.parametrize("way", WAYS)
def test_axe_finds_nothing(browser: Browser, saved: Path, way: str) -> None:
    if "hostile" in way:
        saved.write_text(HOSTILE_PAGE)
    page = opened(browser, saved, **WAYS[way])
    if way == "printed":
        page.emulate_media(media="print")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    # Panels out of sight are not drawn, and axe sees no colours where nothing is drawn.
    page.evaluate(
        "document.styleSheets[0].insertRule('* { content-visibility: visible !important }', 0)"
    )
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    problems = [
        (one["id"], node["html"][:200], node["failureSummary"])
        for one in found["violations"]
        for node in one["nodes"]
    ]
    assert problems == []
    assert len(found["passes"]) > 20
    # Nobody reads sideways.
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.context.close()


def test_nothing_that_a_file_says_is_obeyed(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(HOSTILE_PAGE)
    page = browser.new_page()
    asked, dialogs = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    page.goto(path.as_uri())
    page.get_by_role("button", name="Open all shown").click()
    page.locator("#text").fill("<script>")
    page.get_by_role("status").get_by_text("1 of 7 shown").wait_for()
    assert page.title().startswith("Audit of 7 files")
    assert page.locator("img, iframe, object, embed, base, script + script").count() == 0
    leading_away = page.locator("a:not([href^='#'])").evaluate_all("all => all.map(a => a.href)")
    assert set(leading_away) == {url_of("SL101")}
    assert (asked, dialogs) == ([path.as_uri()], [])
    page.close()


def test_what_became_markup_could_neither_run_nor_ask(
    browser: Browser, tmp_path: Path, text: str
) -> None:
    markup = (
        f"<script>{OWNED}</script><img src='http://127.0.0.1:9/seen' onerror=\"{OWNED}\">"
        "<link rel='stylesheet' href='http://127.0.0.1:9/seen'><base href='http://127.0.0.1:9/'>"
        "<iframe src='http://127.0.0.1:9/seen'></iframe>"
        "<style>@import 'http://127.0.0.1:9/seen'; body { background: url(//127.0.0.1:9/seen) }"
        "</style><form action='http://127.0.0.1:9/seen'><button id='go'>x</button></form>"
    )
    path = tmp_path / "report.html"
    path.write_text(text.replace("<main>", f"<main>{markup}"))
    page = browser.new_page()
    page.add_init_script(
        "window.stopped = [];"
        "addEventListener('securitypolicyviolation', (e) => stopped.push(e.effectiveDirective))"
    )
    page.goto(path.as_uri())
    assert page.locator("main img").count() == 1
    assert page.title().startswith("Audit of")
    page.evaluate("document.getElementById('go').click()")
    # It is said a moment after the click.
    page.wait_for_function("stopped.includes('form-action')")
    # Each is stopped by the page's own policy, before there is a connection that could fail.
    assert set(page.evaluate("stopped")) >= {
        "base-uri", "form-action", "frame-src", "img-src", "script-src-attr", "script-src-elem",
        "style-src-elem",
    }  # fmt: skip
    assert page.url == path.as_uri()
    with pytest.raises(Exception, match="TrustedHTML"):
        page.evaluate("document.body.innerHTML = '<b>x</b>'")
    page.close()


def test_files_are_found_with_the_keyboard_alone(browser: Browser, saved: Path) -> None:
    page = opened(browser, saved)
    everything = shown(page)
    status = page.get_by_role("status")

    def tab_to(selector: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.locator(selector).evaluate("(one) => one === document.activeElement"):
                outline = page.locator(selector).evaluate(
                    "(one) => getComputedStyle(one).outlineStyle"
                )
                assert outline != "none"
                return
        pytest.fail(f"no key leads to {selector}")

    tab_to(".skip")
    page.keyboard.press("Enter")
    tab_to("[value=accept]")
    page.keyboard.press("Space")
    status.get_by_text("4 of 6 shown").wait_for()
    tab_to("#rule")
    page.keyboard.type("SL101")
    status.get_by_text("2 of 6 shown").wait_for()
    tab_to("#text")
    page.keyboard.type("HIDDEN.job posix")
    status.get_by_text("1 of 6 shown").wait_for()
    assert shown(page) == ["hidden.joblib"]
    tab_to("details.file:visible summary")
    advice = page.locator("details.file:visible").get_by_text("What to do").first
    assert not advice.is_visible()
    page.keyboard.press("Enter")
    assert advice.is_visible()
    page.locator("#text").focus()
    tab_to("[type=reset]")
    page.keyboard.press("Enter")
    status.get_by_text("6 of 6 shown").wait_for()
    assert shown(page) == everything
    page.context.close()


def test_without_scripts_every_panel_is_there_and_opens(browser: Browser, saved: Path) -> None:
    page = opened(browser, saved, java_script_enabled=False)
    assert len(shown(page)) == 6
    assert not page.locator("form").is_visible()
    program = page.get_by_text("from posix import system").first
    assert not program.is_visible()
    page.locator("summary", has_text="attack.pkl").click()
    assert program.is_visible()
    page.context.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_on_paper_every_panel_is_open(browser: Browser, saved: Path, scripts: bool) -> None:
    page = opened(browser, saved, java_script_enabled=scripts)
    page.emulate_media(media="print")
    assert page.get_by_text("What to do").count() >= 4
    for text in page.get_by_text("What to do").all():
        assert text.is_visible()
    assert not page.locator("form").is_visible()
    page.context.close()


def test_html_validate_finds_nothing(tmp_path: Path, text: str) -> None:
    pages = {"files": text, "hostile": HOSTILE_PAGE, "nothing": as_html(AuditReport(()))}
    for name, content in pages.items():
        (tmp_path / f"{name}.html").write_text(content)
    assert NODE is not None
    done = subprocess.run(
        [
            NODE,
            VALIDATE,
            "--config",
            ".htmlvalidate.json",
            "--formatter",
            "json",
            *tmp_path.glob("*.html"),
        ],
        cwd=TOOLS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(done.stdout) == []
    assert done.returncode == 0
