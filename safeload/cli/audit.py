"""Say what files would do when they are loaded, without loading them.

Folders are searched for models by name and by content, whatever the files are called.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Iterator, Sized
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from safeload.arguments import as_path
from safeload.cli.limits import add_limit_option, limits_of
from safeload.cli.output import note
from safeload.cli.policy_options import add_policy_options
from safeload.cli.progress import shown
from safeload.cli.reports import Outputs, add_report_options
from safeload.errors import UsageError
from safeload.report.invocation import Invocation

if TYPE_CHECKING:
    from safeload.auditing.walk import Candidate

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``audit`` takes."""
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="files and folders, or addresses: s3: gs: az: hf: https: models:/ runs:/",
    )
    _add_source_options(parser)
    add_report_options(parser)
    add_policy_options(parser)
    add_limit_option(parser)
    parser.add_argument(
        "--second-opinion",
        action="store_true",
        help="add what fickling and, where it is installed, ClamAV find",
    )
    parser.add_argument(
        "--no-notes", action="store_true", help="leave out signs that decide nothing"
    )
    parser.set_defaults(check=partial(_check, parser))
    _add_work_options(parser)
    _add_outcome_options(parser)


def _add_source_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("sources")
    group.add_argument(
        "--hf-cache",
        action="store_true",
        help="all that the Hugging Face hub's library has fetched on this machine",
    )
    group.add_argument(
        "--changed-since",
        metavar="REV",
        help="only files that are not as git has them where HEAD and REV parted; without a PATH, "
        "all of the work tree",
    )
    group.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="GLOB",
        help="leave out what fits in the folders that are given, as in tests/fixtures or "
        "'*.bak.pkl'; may be given again. Files that are given themselves are audited all the same",
    )
    group.add_argument(
        "--if-model",
        action="store_true",
        help="leave out files that are given and are not models, as in folders; for lists that a "
        "program makes, which stand behind --",
    )
    group.add_argument(
        "--expect-sha256",
        metavar="HEX",
        help="refuse the one file that is given unless this is its SHA-256",
    )


def _add_work_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("work")
    group.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        help="processes that work at most (default: one for each processor)",
    )
    group.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="let the workers of a Dask cluster do it, as in tcp://scheduler:8786",
    )
    caches = group.add_mutually_exclusive_group()
    caches.add_argument(
        "--cache",
        metavar="FILE",
        help="what was found before (default for folders: in the user's own cache folder)",
    )
    caches.add_argument("--no-cache", action="store_true", help="look at every file anew")
    group.add_argument(
        "--rehash",
        action="store_true",
        help="read every file, also those that by their times are unchanged",
    )


def _add_outcome_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("exit code")
    group.add_argument(
        "--baseline",
        metavar="FILE",
        help="findings that were accepted ('safeload baseline add'); they do not count",
    )
    group.add_argument(
        "--fail-on",
        choices=["refuse", "incomplete", "never"],
        default="incomplete",
        help="from which verdict on the exit code is not 0 (default: incomplete)",
    )
    group.add_argument(
        "--fail-on-new",
        action="store_true",
        help="what was accepted once does not count, even if the time for it is over",
    )


def _check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """What argparse has no words for: one of them is needed, and some exclude each other."""
    if options.if_model and not options.has_end:
        # Else a file that a third party calls --fail-on=never would be an option.
        parser.error("argument --if-model: the files have to stand behind --")
    if options.changed_since is not None:
        if options.hf_cache:
            parser.error("argument --changed-since: not allowed with argument --hf-cache")
    elif not options.paths and not options.hf_cache:
        parser.error(
            "the following arguments are required: PATH, or --hf-cache, or --changed-since"
        )


def run(options: argparse.Namespace) -> int:
    """Audit the files and write the report."""
    from safeload.auditing.run import Audit, FailOn
    from safeload.auditing.sources.gather import local
    from safeload.auditing.sources.hub_cache import usual_folder
    from safeload.auditing.walk import walk

    if options.changed_since is not None and not options.paths:
        from safeload.auditing.sources.changed import whole_tree

        options.paths = [str(whole_tree())]
    limits = limits_of(options)
    if options.fail_on_new and options.baseline is None:
        raise UsageError(
            "--fail-on-new says what is new by a baseline, and there is none.",
            code="baseline-needed",
            hint="Give --baseline FILE as well.",
        )
    outputs = Outputs(options)
    outputs.require_none_of(
        [*local(options.paths), options.policy, options.baseline, options.cache]
    )
    work = Audit(
        *options.paths,
        policy=options.policy,
        packs=options.packs,
        limits=limits,
        jobs=options.jobs,
        cache=_cache(options),
        rehash=options.rehash,
        baseline=options.baseline,
        second_opinion=options.second_opinion,
        notes=not options.no_notes,
        hub_cache=usual_folder() if options.hf_cache else None,
        expect_sha256=options.expect_sha256,
        dask=options.dask,
        changed_since=options.changed_since,
        if_model=options.if_model,
        exclude=options.exclude,
    )
    if outputs.replace_files:
        outputs.beside(walk(local(options.paths)), limits)
    started = datetime.now(UTC)
    try:
        work.run(_with_bar)
    except KeyboardInterrupt as ended:
        report = work.report()
        code = 128 + getattr(ended, "number", 2)
        outputs.deliver_part(report, Invocation(started, datetime.now(UTC), code, root=Path.cwd()))
        note(f"{report.unfinished:,} files were not looked at.")
        raise
    report = work.report()
    for remark in report.remarks:
        note(remark)
    if not report.files:
        note("No model was found.")
    code = report.exit_code_for(FailOn(options.fail_on), only_new=options.fail_on_new)
    outputs.deliver(report, Invocation(started, datetime.now(UTC), code, root=Path.cwd()))
    return code


def _cache(options: argparse.Namespace) -> Path | None:
    """Where to keep what is found; a file or two are not worth it."""
    if options.cache is not None or options.no_cache:
        return None if options.cache is None else as_path(options.cache, "cache")
    from safeload.auditing.cache import default_path
    from safeload.auditing.sources.gather import local

    paths = local(options.paths)
    many = options.hf_cache or len(paths) < len(options.paths)
    # What Path.is_dir() raises on, such as a name that is too long, is not a folder.
    folders = [path for path in paths if os.path.isdir(path)]  # noqa: PTH112
    return default_path() if many or folders else None


def _with_bar(done: Iterable[Candidate]) -> Iterator[Candidate]:
    total = len(done) if isinstance(done, Sized) else None
    with shown("Auditing", total=total, counted=True) as advance:
        for candidate in done:
            advance(1)
            yield candidate
