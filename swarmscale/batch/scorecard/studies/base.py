"""What a study is: something that is measured over several draws, each of which gives figures by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from ..size import Size

type Draw = int | str
type Figures = dict[str, float]
type Kind = Literal["seeds", "traces", "repeats", "count"]
type Words = Callable[[Mapping[str, float]], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Something that is measured.

    Attributes:
        name: what ``--only`` calls it.
        scenario: what runs, in words; a command where there is one for it alone.
        measure: from a size and a draw to figures; a function of a module, so that it can be sent to a process.
        kind: what the draws are: root seeds, demand traces, repeats of a timing, or one count of what is there.
        pooled: figures that are shares over all draws together, each with its figures of hits and of trials.
        words: what its mean figures come to, in words.
    """

    name: str
    scenario: str
    measure: Callable[[Size, Draw], Figures]
    kind: Kind = "seeds"
    pooled: Mapping[str, tuple[str, str]] | None = None
    words: Words | None = None
