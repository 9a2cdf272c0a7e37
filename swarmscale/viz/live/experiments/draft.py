"""A sweep as a form: typed texts, the sweep file that they make, and what is refused beside which field."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....errors import ConfigError, require
from ....model.config import Config
from ..fields import form_fields
from ..forms import WHOLE, blamed
from .values import factor_values, values_of

if TYPE_CHECKING:
    from ....batch.plan import Plan

FACTORS = 3
PRESENT = "the page's present settings"
MOST_RUNS = 20_000
CHECKED_AT_ONCE = 24
"""Settings that are tried while one types; all are before anything begins."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
POINTS: Mapping[str, Any] = {
    "saltelli": lambda n, k: n * (k + 2),
    "morris": lambda n, k: n * (k + 1),
}
"""Settings of a design of so many samples and factors, where they are not the samples themselves."""
DEFAULTS = {
    "name": "my-sweep", "base": PRESENT, "set": "", "kind": "grid", "samples": "64", "replications": "5", "rng": "7",
    "outcomes": "cost, response_p95_s", "time_limit_s": "", "workers": "1",
}  # fmt: skip


def key_name(number: int) -> str:
    """Name of the field for a factor's dotted key."""
    return f"factor {number + 1}"


def values_name(number: int) -> str:
    """Name of the field for a factor's values."""
    return f"values {number + 1}"


@dataclass(frozen=True, slots=True)
class Draft:
    """A sweep that is being put together.

    Attributes:
        present: the page's present settings.
        texts: what was typed, by the fields' names.
    """

    present: Config
    texts: Mapping[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """What stands in a field."""
        return self.texts.get(name, DEFAULTS.get(name, ""))

    def typed(self, name: str, text: str) -> Draft:
        """This draft after something was typed."""
        return replace(self, texts={**self.texts, name: text})

    @property
    def factors(self) -> dict[int, str]:
        """Dotted keys of the factors by their numbers, those that were named."""
        keys = {i: self.text(key_name(i)).strip() for i in range(FACTORS)}
        return {i: key for i, key in keys.items() if key}

    def tree(self) -> dict[str, Any]:
        """The sweep file that this makes, as nested dicts.

        Raises:
            FieldError: with the field that cannot be read.
        """
        kind, present = self.text("kind"), self.text("base") == PRESENT
        made: dict[str, Any] = {
            "name": self.text("name").strip(),
            "base": tomllib.loads(self.present.toml()) if present else self.text("base"),
            "replications": _number(self.text("replications")),
            "rng": _number(self.text("rng")),
            "outcomes": [str(name) for name in values_of(self.text("outcomes"))],
            "set": self._held(),
            "design": {"kind": kind, "over": self._over(kind)},
        }
        if kind != "grid":
            made["design"]["samples"] = _number(self.text("samples"))
        if self.text("time_limit_s").strip():
            made["time_limit_s"] = _number(self.text("time_limit_s"))
        return made

    def _held(self) -> dict[str, Any]:
        held: dict[str, Any] = {}
        for part in filter(str.strip, self.text("set").split(";")):
            key, sign, value = part.partition("=")
            if not sign:
                raise FieldError("set", f"set = {part.strip()!r}, but it must be key = value; key = value")
            found = values_of(value)
            held[key.strip()] = found[0] if len(found) == 1 else found
        return held

    def _over(self, kind: str) -> dict[str, Any]:
        whole = {f.key for f in form_fields(self.present) if f.kind == "whole"}
        over: dict[str, Any] = {}
        for number, key in self.factors.items():
            if key in over:
                raise FieldError(key_name(number), f"design.over.{key} is there twice, but once is enough")
            text = self.text(values_name(number))
            try:
                over[key] = factor_values(key, text, grid=kind == "grid", whole=key in whole)
            except ConfigError as error:
                raise FieldError(values_name(number), str(error)) from None
        return over

    def judged(self, most_agents: int = 1_000_000, *, every: bool = False) -> Judged:
        """The plan that this makes, or why there is none.

        Args:
            most_agents: largest fleet that is allowed.
            every: try every setting, not the first ones alone.
        """
        if not NAME.fullmatch(self.text("name").strip()):
            line = (
                f"name = {self.text('name')!r}, but it must be up to 60 of the letters A-Z, a-z, 0-9, _ and -"
            )
            return Judged(None, {"name": line})
        try:
            plan = plan_of(self.tree(), most_agents, every=every)
        except FieldError as error:
            return Judged(None, {error.name: str(error)})
        except ConfigError as error:
            return Judged(None, {self.field_of(error): str(error)})
        return Judged(plan, {})

    def field_of(self, error: ConfigError) -> str:
        """The field that a refusal is about; no name if it is about none of them."""
        line = str(error)
        what = line.rpartition("): ")[2]
        for number, key in self.factors.items():
            if re.search(rf"design\.over\.{re.escape(key)}(?![\w])", line):
                return values_name(number)
        for words, name in WORDS:
            if re.search(words, what):
                return name
        called = re.search(r"^no .* is called '([^']*)'", what)
        for number, key in self.factors.items():
            if called and called[1] == key:
                return key_name(number)
        named = blamed(what, list(self.factors.values()))
        for number, key in self.factors.items():
            if key == named or (called and called[1] in self.text(values_name(number))):
                return self._part(number, what)
        return WHOLE

    def _part(self, number: int, what: str) -> str:
        """Whether the key of a factor is meant, or its values."""
        return key_name(number) if "no such setting" in what or "is a group" in what else values_name(number)


WORDS = (
    (r"^no outcome|^outcomes? ", "outcomes"), (r"^replications ", "replications"), (r"^(rng|seed) ", "rng"),
    (r"^time_limit_s ", "time_limit_s"), (r"design\.samples", "samples"), (r"^no preset|^base ", "base"),
    (r"^set[ .]", "set"), (r"^name ", "name"), (r"^design\.over = ", key_name(0)), (r"^workers ", "workers"),
    (r"needs SALib|^no design ", "kind"),
)  # fmt: skip
"""How the refusals begin that are about a field other than a factor."""


class FieldError(ConfigError):
    """A refusal that knows its field.

    Attributes:
        name: of the field.
    """

    def __init__(self, name: str, line: str) -> None:
        super().__init__(line)
        self.name = name


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a draft.

    Attributes:
        plan: what would run; None if anything is refused.
        refusals: by field, the line that says what it must be.
    """

    plan: Plan | None
    refusals: Mapping[str, str]


def plan_of(source: Path | Mapping[str, Any], most_agents: int, *, every: bool) -> Plan:
    """The plan of a sweep file or its words, within what a page may begin.

    Args:
        source: a TOML file, or what it says.
        most_agents: largest fleet that is allowed.
        every: try every setting, not the first ones alone.

    Raises:
        ConfigError: if it cannot be used, or is too large.
    """
    from ....batch.plan import Plan, RunId
    from ....batch.plan_file import read_tree

    tree = dict(source) if isinstance(source, Mapping) else read_tree(source)
    if tree.get("plugins"):
        raise ConfigError("plugins: a page runs no code of yours; start this one with swarmscale sweep")
    runs = runs_of(tree)
    require(
        runs <= MOST_RUNS, "runs", f"{runs:,}", f"at most {MOST_RUNS:,}; swarmscale sweep takes any number"
    )
    plan = Plan.load(source if isinstance(source, Path) else tree)
    tried = plan if every else plan.but(settings=plan.settings[:CHECKED_AT_ONCE])
    tried.check()
    for number in range(len(tried.settings)):
        agents = tried.config(RunId(number, 0)).fleet.agents
        require(
            agents <= most_agents, "fleet.agents", agents, f"at most {most_agents}, the limit of this page"
        )
    return plan


def runs_of(tree: Mapping[str, Any]) -> int:
    """How many runs a sweep file asks for at most, told without making them."""
    design, replications = tree.get("design", {}), tree.get("replications", 1)
    over = design.get("over", {}) if isinstance(design, Mapping) else {}
    if not isinstance(over, Mapping) or not isinstance(replications, int):
        return 0  # which the plan refuses with a better line
    kind, samples = design.get("kind", "grid"), design.get("samples", 64)
    if kind == "list":
        settings = len(design.get("settings", ()))
    elif kind == "grid":
        settings = math.prod(len(values) for values in _lists(over))
    else:
        settings = POINTS.get(kind, lambda n, k: n)(samples, len(over)) if isinstance(samples, int) else 0
    return settings * replications


def _lists(over: Mapping[str, Any]) -> list[Sequence[Any]]:
    found: list[Sequence[Any]] = []
    for value in over.values():
        if isinstance(value, Mapping):
            found += _lists(value)
        elif isinstance(value, (list, tuple)):
            found.append(value)
    return found


def _number(text: str) -> Any:
    """A number if it is one; else the text, which the plan refuses in its own words.

    >>> _number("5"), _number("2.5"), _number("five")
    (5, 2.5, 'five')
    """
    for kind in (int, float):
        try:
            return kind(text.strip().replace("_", ""))
        except ValueError:
            continue
    return text.strip()
