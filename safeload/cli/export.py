"""Verify a model and write what its signer says about it for other tools.

--cyclonedx writes a bill of materials (CycloneDX 1.6, JSON) with the model, its hash, signer, model
card and globals, the libraries that it was made with, and the dataset. The same bundle gives the
same bytes. Nothing in the model is looked at or deserialised.

Trust: the texts are those of a statement that was verified; JSON escapes what is not ASCII.
"""

from __future__ import annotations

import argparse
import os
import sys

from safeload.cli.destination import Destination, add_output_option
from safeload.cli.limits import add_limit_option, limits_of
from safeload.cli.output import note
from safeload.cli.progress import shown
from safeload.cli.verify import add_trust_options, add_version_options, size_of

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``export`` takes."""
    parser.add_argument("model", metavar="MODEL", help="the model; its bundle lies beside it")
    form = parser.add_mutually_exclusive_group(required=True)
    form.add_argument("--cyclonedx", action="store_true", help="a bill of materials")
    add_output_option(parser, "-o", what="result")
    add_trust_options(parser)
    add_version_options(parser)
    add_limit_option(parser)


def run(options: argparse.Namespace) -> int:
    """Verify the model and write the bill of materials."""
    from safeload.gate import verify

    destination = None
    if options.output is not None:
        destination = Destination(options.output, noun="bill of materials")
        bundles = [f"{options.model}.sig", os.path.join(options.model, "model.sig")]  # noqa: PTH118
        destination.require_none_of([options.model, *bundles, options.trust])
    with shown("Verifying", total=size_of(options.model)) as advance:
        verified = verify(
            options.model,
            trust=options.trust,
            name=options.name,
            version=options.model_version,
            min_version=options.min_version,
            limits=limits_of(options),
            progress=advance,
        )
    from safeload.report.bom import bom_of, is_validated

    data = bom_of(verified)
    if not is_validated():
        note("Not held against the schema of CycloneDX: that takes 'pip install safeload[bom]'.")
    if destination is None:
        sys.stdout.write(data.decode("ascii"))
    else:
        destination.write(data)
    return 0
