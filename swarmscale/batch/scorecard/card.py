"""The scorecard as it came out: rows with value, interval and verdict, and its form as plain values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from ...errors import ConfigError, require
from .claims import CLAIMS, Claim
from .studies.base import Study
from .verdict import Bound, Sense, exclude, implies, verdict

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A claim and what is measured of it.

    Attributes:
        key: its name.
        area: what it is about.
        quote: the origin's words; empty for what stands beside a claim.
        title: what is measured.
        definition: how.
        scenario: where.
        study: the study that measured it.
        figure: which of its figures.
        unit: ``share``, ``ms``, ``s``, ``1/s`` or empty.
        sense: side of the limit that was claimed; empty if no figure was claimed.
        limit: what was claimed; NaN if nothing was.
        value: mean over the draws; NaN if there was nothing to measure.
        low: lower end of its 95 % interval; NaN if there is none.
        high: upper end.
        draws: how many there were.
        kind: what they are: seeds, traces, repeats or count.
        verdict: see :func:`.verdict.verdict`.
        together: what the claim has to do with others of the same quantity.
        beside: what is told with the value: label, figure, unit.
        note: what else must be known.
        command: what reproduces it.
    """

    key: str
    area: str
    quote: str
    title: str
    definition: str
    scenario: str
    study: str
    figure: str
    unit: str
    sense: str
    limit: float
    value: float
    low: float
    high: float
    draws: int
    kind: str
    verdict: str
    together: str
    beside: tuple[tuple[str, float, str], ...]
    note: str
    command: str

    @property
    def bound(self) -> Bound | None:
        """What was claimed of the figure."""
        if not self.sense:
            return None
        sense: Sense = self.sense  # type: ignore[assignment]
        return Bound(sense, self.limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """Every claim that was asked for, measured.

    Attributes:
        size: ``full`` or ``quick``.
        seeds: root seeds.
        machine: where it was measured, in words.
        rows: in the order of the claims.
        figures: all figures of the studies by study and name: value, lower and upper end of the interval.
        failures: what went wrong, by study and draw.
        seconds: how long it took, s.
    """

    size: str
    seeds: tuple[int, ...]
    machine: str
    rows: tuple[Row, ...]
    figures: Mapping[str, Mapping[str, tuple[float, float, float]]]
    failures: Mapping[str, str]
    seconds: float

    def __getitem__(self, key: str) -> Row:
        for row in self.rows:
            if row.key == key:
                return row
        raise KeyError(key)

    def count(self, which: str) -> int:
        """Rows with a verdict, those for which no figure was claimed left out."""
        return sum(row.verdict == which for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values for JSON; NaN becomes None."""
        facts = asdict(self) | {"format": VERSION, "seeds": list(self.seeds)}
        facts["rows"] = [{name: _plain(value) for name, value in asdict(row).items()} for row in self.rows]
        facts["figures"] = {
            study: {name: [_plain(x) for x in ends] for name, ends in held.items()}
            for study, held in self.figures.items()
        }
        return facts

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Scorecard:
        """The scorecard that :meth:`as_dict` gave.

        Raises:
            ConfigError: if it is none, or of a newer version.
        """
        try:
            form = int(facts["format"])
            require(form <= VERSION, "format", form, f"at most {VERSION}, the newest that this version reads")
            rows = tuple(
                Row(**{f.name: _back(f.name, row[f.name]) for f in fields(Row)}) for row in facts["rows"]
            )
            return cls(
                size=facts["size"],
                seeds=tuple(facts["seeds"]),
                machine=facts["machine"],
                rows=rows,
                figures={
                    study: {name: _ends(ends) for name, ends in held.items()}
                    for study, held in facts["figures"].items()
                },
                failures=dict(facts["failures"]),
                seconds=float(facts["seconds"]),
            )
        except ConfigError:
            raise
        except (KeyError, TypeError, ValueError):
            raise ConfigError(
                "this is no scorecard, but it must be what `swarmscale scorecard --out` wrote"
            ) from None


def row_of(claim: Claim, study: Study | None, found: Mapping[str, Any], command: str) -> Row:
    """The row of a claim.

    Args:
        claim: which.
        study: that measured it; None where nobody did.
        found: ``value``, ``low``, ``high``, ``n``, ``beside``, ``words`` and perhaps ``why`` something is missing.
        command: that reproduces it.
    """
    value, low, high = (float(found[name]) for name in ("value", "low", "high"))
    least, most = claim.possible
    low, high = max(low, least) if low == low else low, min(high, most) if high == high else high
    notes = (claim.note.format(words=found["words"]), found.get("why", ""))
    return Row(
        key=claim.key,
        area=claim.area,
        quote=claim.quote,
        title=claim.title,
        definition=claim.text,
        scenario=study.scenario if study else "",
        study=claim.study,
        figure=claim.figure,
        unit=claim.unit,
        sense=claim.bound.sense if claim.bound else "",
        limit=claim.bound.limit if claim.bound else math.nan,
        value=value,
        low=low,
        high=high,
        draws=int(found["n"]),
        kind=study.kind if study else "",
        verdict=verdict(claim.bound, value, low, high),
        together=together(claim, CLAIMS),
        beside=tuple(found["beside"]),
        note="; ".join(note for note in notes if note),
        command=command,
    )


def together(claim: Claim, claims: Sequence[Claim]) -> str:
    """What a claim has to do with its rivals: which cannot hold with it, and which it implies."""
    if claim.bound is None:
        return ""
    by_key = {one.key: one for one in claims}
    said = []
    for key, relation in claim.rivals:
        other = by_key[key]
        assert other.bound is not None
        if exclude(claim.bound, other.bound, relation):
            why = {
                "same": "no value is both",
                "no more than": f"this figure is never more than {other.area}",
                "no less than": f"this figure is never less than {other.area}",
            }[relation]
            said.append(f'cannot hold together with "{_bare(other.quote)}": {why}')
        elif relation == "same" and implies(claim.bound, other.bound):
            said.append(f'holds only if "{_bare(other.quote)}" does')
        elif relation == "same" and implies(other.bound, claim.bound):
            said.append(f'holds whenever "{_bare(other.quote)}" does')
    return "; ".join(said)


def _bare(quote: str) -> str:
    return quote.replace("*", "")


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _ends(values: Sequence[float | None]) -> tuple[float, float, float]:
    value, low, high = (math.nan if x is None else float(x) for x in values)
    return value, low, high


def _back(name: str, value: Any) -> Any:
    """A value of a row as it was before :meth:`Scorecard.as_dict`."""
    if name == "beside":
        return tuple((str(label), float(figure), str(unit)) for label, figure, unit in value)
    return math.nan if value is None and name in ("limit", "value", "low", "high") else value
