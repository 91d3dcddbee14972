"""May the models of a project be loaded? Each becomes a test; a fixture asks within other tests.

pytest loads this module in every run of whoever has safeload installed. So it imports nothing but
pytest, which is there; what audits is imported for those who ask for an audit.

Trust: options, ini-file and tests are the user's own; the files are hostile and are never run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import os

    from safeload.auditing.run import AuditReport
    from safeload.pytest_plugin.audits import Settings

    Source = str | os.PathLike[str] | bytes | bytearray | memoryview

_MARK = "safeload_audit"
_FAIL_ON = ("refuse", "incomplete")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add options and the keys of the ini-file."""
    group = parser.getgroup("safeload", "audits of model files")
    group.addoption(
        "--safeload-audit",
        action="append",
        default=[],
        metavar="PATH",
        help="audit a file, a folder or an address: a test for each model; may be repeated",
    )
    group.addoption(
        "--safeload-fail-on",
        choices=_FAIL_ON,
        help="from which verdict on an audit fails (default: incomplete)",
    )
    parser.addini("safeload_audit", "what to audit in every run, a path a line", type="linelist")
    parser.addini("safeload_fail_on", "as --safeload-fail-on")
    parser.addini("safeload_policy", "a policy file to add to the allow-lists")
    parser.addini("safeload_packs", "allow-lists off by default, one a line", type="linelist")
    parser.addini("safeload_baseline", "findings that were accepted")
    parser.addini("safeload_limits", "bounds on a file, a NAME=VALUE a line", type="linelist")


def pytest_configure(config: pytest.Config) -> None:
    """Read what is to be audited, and by which rules; what cannot be used ends the run here."""
    config.addinivalue_line("markers", f"{_MARK}: the audit of a model by --safeload-audit")
    if config.getoption("safeload_audit") or config.getini("safeload_audit"):
        _settings(config)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add a test for each file to audit, before others choose among the tests."""
    if config.getoption("safeload_audit") or config.getini("safeload_audit"):
        from safeload.pytest_plugin.audits import audits

        for item in audits(session, _settings(config)):
            item.add_marker(_MARK)
            items.append(item)


def pytest_report_collectionfinish(config: pytest.Config) -> str | list[str]:
    """Say how many files were passed over."""
    if config.getoption("safeload_audit") or config.getini("safeload_audit"):
        return _settings(config).notes
    return []


@pytest.fixture(scope="session")
def audited(pytestconfig: pytest.Config) -> Callable[[Source], AuditReport]:
    """A function that audits a model and fails the test unless it is accepted.

    It takes a path, an address, or the bytes themselves, and returns what was found. The keys of
    the ini-file and ``--safeload-fail-on`` apply.
    """
    settings = _settings(pytestconfig)

    def audited_file(source: Source) -> AuditReport:
        from safeload.pytest_plugin.audits import candidates_of, failure

        report = settings.report(candidates_of(source, settings))
        if problem := failure(report, settings):
            pytest.fail(problem, pytrace=False)
        return report

    return audited_file


def _settings(config: pytest.Config) -> Settings:
    from safeload.pytest_plugin.audits import settings_of

    return settings_of(config)
