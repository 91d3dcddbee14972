"""The HTML report as text: valid, bounded, and nothing of a file's in it that is markup."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace

import html5lib
import pytest

from safeload.auditing.run import AuditReport
from safeload.report.html import page
from safeload.report.html.page import as_html
from safeload.report.programs import Listing
from safeload.report.rule_pages import url_of
from safeload.verdict import FileReport, Finding, GlobalReport, MemberReport, Skipped, Verdict
from tests.report.test_console import ACCEPTED, UNREAD, refused

HOSTILE = [
    "<script>document.title = 'owned'</script>",
    '"><img src=x onerror="document.title = \'owned\'">',
    "javascript:document.title='owned'",
    "</style></script></title></textarea><svg onload=\"document.title='owned'\">",
    "{{7*7}}${7*7}<%= 7*7 %>{% raw %}",
    "<!-- --><![CDATA[ ]]>&lt;&#x3c;&amp;",
    "a\x00b\x1b[2J\u202ec\ud800\r\nd",
]


def hostile(text: str) -> FileReport:
    """A report in which every text that a file can choose is one text."""
    return FileReport(
        text, text, 7, text, Verdict.REFUSE,
        members=(MemberReport(text, text, Verdict.REFUSE, 1, 1),),
        globals=(GlobalReport(text, (text,), 2, allowed=False),),
        findings=(Finding("SL101", text, text, 2), Finding(text, text)),
    )  # fmt: skip


def program(text: str) -> Listing:
    """A program whose every text is one text."""
    return Listing(text, (text, text), 3, problem=text)


HOSTILE_REPORT = AuditReport(
    tuple(hostile(text) for text in HOSTILE), tuple(Skipped(text, text) for text in HOSTILE)
)
HOSTILE_PAGE = as_html(HOSTILE_REPORT, programs=lambda file: [program(file.path)])


def elements(text: str) -> list[str]:
    """Each element of a page with its attributes, as the browsers' own rules read it."""
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    return [f"{element.tag} {sorted(element.attrib)}" for element in tree.iter()]


@pytest.mark.guarantee("G16")
def test_hostile_texts_make_no_element_and_no_attribute() -> None:
    harmless = AuditReport(
        tuple(hostile("SL101") for _ in HOSTILE), tuple(Skipped("b", "c") for _ in HOSTILE)
    )
    # Another rule is another group of findings; all the rest has to be the same.
    pages = [
        as_html(replace_rules(report), programs=shown)
        for report, shown in (
            (HOSTILE_REPORT, lambda file: [program(file.path)]),
            (harmless, lambda file: [program("b")]),
        )
    ]
    assert elements(pages[0]) == elements(pages[1])
    assert len(elements(pages[0])) > 100


def replace_rules(report: AuditReport) -> AuditReport:
    """The same report with one rule."""
    files = (replace(file, findings=file.findings[:1]) for file in report.files)
    return replace(report, files=tuple(files))


def test_every_page_is_printable_ascii_and_valid() -> None:
    for text in (
        HOSTILE_PAGE,
        as_html(AuditReport(())),
        as_html(AuditReport((ACCEPTED, refused(), UNREAD))),
    ):
        assert text.isascii()
        assert text.replace("\n", "").isprintable()
        assert elements(text)


def test_the_policy_names_the_style_and_the_script_and_nothing_else() -> None:
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', HOSTILE_PAGE)
    rules = dict(rule.split(maxsplit=1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    for name in ("style", "script"):
        (text,) = re.findall(f"<{name}>(.*?)</{name}>", HOSTILE_PAGE, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[f"{name}-src"] == f"'sha256-{digest}'"
    # What leads away leads to pages about rules, once somebody goes there.
    away = re.findall(r'\b(?:src|href)="([^#"][^"]*)"', HOSTILE_PAGE)
    assert set(away) == {url_of("SL101")}


def test_rules_that_are_known_are_links_to_their_pages() -> None:
    text = as_html(AuditReport((refused(), UNREAD)))
    for rule in ("SL101", "SL001"):
        assert f'href="{url_of(rule)}"' in text


def test_what_is_to_be_typed_is_code() -> None:
    assert "<code>safeload policy learn FILE</code>" in as_html(AuditReport((refused(),)))
    # What a file says is shown as it is.
    assert "<li>a `b` c" in as_html(AuditReport((refused(message="a `b` c"),)))


def test_links_lead_to_places_on_the_page() -> None:
    text = as_html(AuditReport((refused(),)))
    for target in re.findall('href="#([^"]*)"', text):
        assert f'id="{target}"' in text


def test_what_weighs_most_comes_first() -> None:
    text = as_html(AuditReport((ACCEPTED, UNREAD, refused(count=1), refused("z.pkl", count=9))))
    places = [text.index(f"<h3>{name}</h3>") for name in ("z.pkl", "a.pkl", "c.bin", "b.joblib")]
    assert places == sorted(places)


def test_a_file_that_is_too_much_is_cut_and_says_so() -> None:
    names = tuple(GlobalReport(f"a.b{i}", ("call",), i, allowed=False) for i in range(500))
    text = as_html(AuditReport((replace(refused(count=100), globals=names),)))
    assert text.count("<code>a.b") == 200
    assert "300 more names" in text
    assert "50 more findings" in text


def test_a_page_has_a_size_and_counts_what_there_is_no_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page, "_PANELS", 20_000)
    monkeypatch.setattr(page, "_CONTENT", 5_000)
    many = tuple(refused(f"{i}.pkl", message="x" * 500, count=50) for i in range(1_000))
    text = as_html(AuditReport((*many, ACCEPTED)))
    assert len(text) < 80_000
    shown = text.count('<details class="file')
    assert f"{1_001 - shown:,} more files" in text
    assert f"{1_000 - shown:,} refused, 1 accepted" in text


def test_nothing_is_ever_called_safe() -> None:
    text = re.sub(
        r"<(style|script)>.*?</\1>", "", as_html(AuditReport((ACCEPTED,))), flags=re.DOTALL
    )
    assert "safe" not in text.lower().replace("safeload", "")


def test_an_incomplete_file_is_never_called_accepted() -> None:
    text = as_html(AuditReport((UNREAD,)))
    assert "could do anything" in text
    assert "ACCEPT" not in text
