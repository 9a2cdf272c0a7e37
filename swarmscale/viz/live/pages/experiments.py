"""Experiments: sweeps, tunings and races from their stores: how far they are, what comes out, how they compare."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

from ....batch.analysis import meaning
from ...figures import experiments as figures
from ...figures.effects import interaction_figure
from ...theme import length
from ..experiments.lab import Lab
from ..experiments.shelf import RUNNING
from ..experiments.sight import EFFECT, FRONT, HEAT, PAIRED, RACE, TABLE, Part
from ..panels import LivePage, Plot, Table, Tile, View
from ..parts import DASH

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from ....batch.store import Progress

PATH, TITLE = "experiments", "Experiments"
CHOOSE = "choose a sweep in the list above, or start one at the side"
NO_RUN = f"no finished run with an outcome and a factor yet: {CHOOSE}"
NO_RACE = "choose a race in the list above; swarmscale race makes one"
NO_TWO = "this needs a sweep over two factors, with a finished run: choose both under Compare"
NO_PAIR = "this needs a factor with two levels, or two sweeps that share settings and seeds: choose them under Compare"
NO_FRONT = "this needs two outcomes of which it is known which way is better, such as cost and response_p95_s"


def experiments_page(lab: Lab) -> LivePage:
    """The page of a tab.

    Args:
        lab: says what is looked at, and what was seen there last.
    """
    return LivePage(
        path=PATH,
        title=TITLE,
        lead="Sweeps, tunings and races: how far they are, what comes out, and what beats what.",
        panels=(*_tiles(lab), *_stores(lab), *_results(lab), *_races(lab)),
    )


def _progress(lab: Lab) -> Progress | None:
    shown = lab.sight.shown
    return shown.progress if shown is not None else None


def _tiles(lab: Lab) -> tuple[Tile, ...]:
    def told(say: Callable[[Progress], str]) -> Callable[[View], str]:
        def value(view: View) -> str:
            progress = _progress(lab)
            return say(progress) if progress is not None else DASH

        return value

    def state(view: View) -> str:
        shown = lab.sight.shown
        return shown.state if shown is not None and not shown.problem else DASH

    def left(progress: Progress) -> str:
        shown = lab.sight.shown
        known = progress.remaining_s == progress.remaining_s and shown is not None and shown.state == RUNNING
        return length(max(round(progress.remaining_s), 1)) if known else DASH

    def rate(progress: Progress) -> str:
        return f"{progress.runs_per_s:.3g} /s" if progress.runs_per_s == progress.runs_per_s else DASH

    def bad(progress: Progress) -> str:
        return f"{progress.failed + progress.killed + progress.late:,}"

    return (
        Tile(key="state", title="state", text="runs, stopped before its end, or over", value=state),
        Tile(
            key="done", title="runs done", text="runs that ended well, of all that are planned",
            value=told(lambda p: f"{p.done:,} of {p.total:,}"),
        ),
        Tile(
            key="bad", title="runs failed", value=told(bad),
            text="runs that ended with an exception, whose process died, or that were over their time limit",
        ),
        Tile(key="rate", title="runs per second", text="over the last two minutes of its runs", value=told(rate)),
        Tile(
            key="left", title="time left", value=told(left), text="for the runs that are missing, at that rate",
        ),
    )  # fmt: skip


def _stores(lab: Lab) -> tuple[Any, ...]:
    def rows(view: View) -> list[tuple[str, ...]]:
        sight = lab.sight
        marks = {sight.choice.shown: "watched"} | dict.fromkeys(sight.choice.others, "compared")
        return [(name, marks.get(name, ""), *rest) for name, *rest in (one.row() for one in sight.stores)]

    def bar(view: View) -> Figure | None:
        counts = _counts(lab)
        return figures.statuses(counts) if counts is not None else None

    return (
        Table(
            key="stores", title="Stores", heads=("name", "shown", "kind", "runs", "progress", "last change"),
            read="Everything in the folder, the newest first; a click on a name watches it.", rows=rows, wide=True,
            picks=True, otherwise=f"no sweep and no race lies in {lab.root}: start one at the side",
        ),
        Plot(
            key="statuses", title="Runs by status", read="Gray is still to be made; what failed is listed below.",
            figure=bar, otherwise=CHOOSE, wide=True, steady=True, hides=True,
            version=lambda view: tuple((_counts(lab) or {}).items()),
        ),
        Table(
            key="failures", title="Runs that did not end well", heads=("setting", "seed", "status", "error"),
            read="The first line of each error, at most 30; the sweep goes on without them.", wide=True,
            rows=lambda view: lab.sight.errors, otherwise="every run that has ended ended well", hides=True,
        ),
    )  # fmt: skip


def _counts(lab: Lab) -> dict[str, int] | None:
    progress = _progress(lab)
    if progress is None:
        return None
    found = {name: int(getattr(progress, name)) for name in ("done", "failed", "killed", "late")}
    return found | {"missing": progress.total - progress.ended}


def _results(lab: Lab) -> tuple[Plot, ...]:
    def effect(value: Any) -> Figure:
        return figures.effects(value.outcome, value.factor, value.levels, value.series, value.note)

    def heat(value: Any) -> Figure:
        return interaction_figure(value, meaning(value.outcome))

    def gaps(value: Any) -> Figure:
        choice, rows = lab.sight.choice, value.to_dict("records")
        factor = str(rows[0]["factor"]) if rows else choice.factor
        return figures.differences(choice.outcome, factor, rows)

    return (
        _plot(
            lab, EFFECT, "Effect of a factor", effect, NO_RUN, wide=True,
            read="Whiskers are 95 % intervals; lines that run apart say that the factors depend on each other.",
        ),
        _plot(
            lab, HEAT, "Two factors together", heat, NO_TWO,
            read="Each cell is the mean over the runs at both levels; other factors are averaged over.",
        ),
        _plot(
            lab, PAIRED, "Paired differences", gaps, NO_PAIR,
            read="Run against run of the same seed; a level whose whisker crosses 0 is not told from the baseline.",
        ),
        _plot(
            lab, FRONT, "Pareto front", lambda value: figures.front(*value), NO_FRONT, wide=True,
            read="A point is a setting; joined ones are beaten by no other one in cost, service or intelligence.",
        ),
    )  # fmt: skip


def _races(lab: Lab) -> tuple[Any, ...]:
    def frontier(value: Any) -> Figure:
        trace, races = value
        figure = races[0][1].frontier(trace)
        for name, race in races[1:]:
            for line in race.frontier(trace).data:
                figure.add_trace(line.update(name=f"{line.name} · {name}", opacity=0.55))
        return figure

    def rows(view: View) -> list[tuple[str, ...]]:
        return lab.sight.part(TABLE).value or []

    return (
        _plot(
            lab, RACE, "Frontier of a race", frontier, NO_RACE, wide=True,
            read="Of two lines the lower one is cheaper at the same violation; a large mark is a policy's default.",
        ),
        Table(
            key=TABLE, title="Cost at equal violations", heads=("race", "policy", "cost / oracle", "", ""), rows=rows,
            read="On the frontier of each policy; a dash where no value of its knob violates as little.", wide=True,
            otherwise=NO_RACE, hides=True,
        ),
    )  # fmt: skip


def _plot(
    lab: Lab,
    key: str,
    title: str,
    draw: Callable[[Any], Figure],
    otherwise: str,
    *,
    read: str,
    wide: bool = False,
) -> Plot:
    """A part of what was seen, as a figure that is sent again when that part is another one."""

    def figure(view: View) -> Figure | None:
        value = lab.sight.part(key).value
        return draw(value) if value is not None else None

    def version(view: View) -> Hashable:
        part: Part = lab.sight.part(key)
        return part.key

    return Plot(
        key=key, title=title, read=read, figure=figure, otherwise=otherwise, wide=wide, version=version,
        steady=True, hides=True,
    )  # fmt: skip
