"""The two refusals: a value that breaks a rule, and a name that nobody carries."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ConfigError(ValueError):
    """A setting, file or argument that cannot be used as given; the text says why and what would do."""


class UnknownChoiceError(ConfigError):
    """A name that is not in its table; the text offers the nearest one and lists the others."""

    def __init__(self, kind: str, name: object, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        shown = names if len(names) <= 16 else difflib.get_close_matches(str(name), names, n=6, cutoff=0.0)
        more = f" and {len(names) - len(shown)} more" if len(shown) < len(names) else ""
        super().__init__(f"no {kind} is called {str(name)!r}.{hint} There are: {', '.join(shown)}{more}")


def require(holds: bool, name: str, value: object, rule: str) -> None:
    """Refuse ``value`` unless the rule holds.

    Args:
        holds: whether the value is fit for use.
        name: the dotted name of the setting, as a user would write it.
        value: what was given.
        rule: what it must be, to read after "must be".

    Raises:
        ConfigError: if the rule does not hold.

    >>> require(0 < 1.4 <= 1, "scaling.target", 1.4, "in (0, 1]")
    Traceback (most recent call last):
    swarmscale.errors.ConfigError: scaling.target = 1.4, but it must be in (0, 1]
    """
    if not holds:
        raise ConfigError(f"{name} = {value}, but it must be {rule}")
