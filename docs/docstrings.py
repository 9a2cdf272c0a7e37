"""Docstrings as the site wants them: doctests in fences, names of other objects as plain code."""

from __future__ import annotations

import re
from typing import Any

import griffe

DOCTEST = re.compile(r"^( *)>>> .*(?:\n(?=\s*\S).*)*", re.M)
ROLE = re.compile(r":(?:class|func|meth|mod|data|attr):`~?([^`]*)`")


def as_markdown(text: str) -> str:
    """A docstring with its doctests fenced and its roles plain.

    >>> as_markdown("See :func:`~package.module.name`.")
    'See `name`.'
    """
    text = ROLE.sub(lambda found: f"`{found[1].rpartition('.')[2]}`", text)
    return DOCTEST.sub(lambda found: f"{found[1]}```pycon\n{found[0]}\n{found[1]}```", text)


class Docstrings(griffe.Extension):
    """Passes every docstring through :func:`as_markdown`."""

    def on_instance(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Mend the docstring of an object that was read."""
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)
