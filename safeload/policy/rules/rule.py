"""What an argument rule is.

A rule goes from an object of the stream to the reason why its arguments, items or states are
refused, or None. It sees tokens only. Its docstring's first line is what the documents say of it.

Many objects may be given the same container. The table of rules pays for the arguments, the state
and the containers among them; a rule that walks a container or text deeper than that pays with
:func:`~safeload.scan.bounds.allowance.look_into` or ``look_at``.

Trust: all arguments and states are hostile. ``args`` is a tuple: the table of rules has made sure.
"""

from __future__ import annotations

from collections.abc import Callable

from safeload.scan.program import ObjectToken

__all__ = ["Rule"]

Rule = Callable[[ObjectToken], str | None]
