"""What stands at the side of the page Experiments: the watched store, what is compared, a new sweep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import solara

from ....errors import ConfigError
from ..export import Taken
from ..session import Session
from ..watching import use_seen
from .lab import Lab
from .races import FILES
from .shelf import RUNNING, STOPPED, SWEEP, Listed
from .sight import NO_SECOND, Sight
from .start import whole
from .taken import downloads_of

TITLES = {
    "effect": "Effect of a factor", "heat": "Two factors together", "paired": "Paired differences",
    "front": "Pareto front",
}  # fmt: skip


def use_sight(lab: Lab, session: Session) -> Sight:
    """What was seen last; the component is rendered again when that is another."""
    return use_seen(session, lambda: lab.sight)


@solara.component
def Watched(lab: Lab, session: Session) -> None:
    """The watched store: what can be done with it, and what can be taken away.

    Args:
        lab: says what is watched.
        session: whose changes are followed.
    """
    sight = use_sight(lab, session)
    shown = sight.shown
    with solara.Column(gap="6px", classes=["ss-form", "ss-watched"]):
        if shown is None:
            solara.Text("nothing is watched: click on a name in the list, or start a sweep")
            return
        solara.Text(f"{shown.name}: {shown.kind}", classes=["ss-watched-name"])
        problem = shown.problem or sight.problem
        if problem:
            solara.Text(problem, classes=["ss-refused"])
        if shown.kind == SWEEP:
            Steer(lab, shown).key(shown.name)
        if not problem:
            for download in downloads_of(shown):
                Taken(session, download).key(download.key)


@solara.component
def Steer(lab: Lab, shown: Listed) -> None:
    """Stop a sweep, go on with it, or make its failed runs again.

    Args:
        lab: does it.
        shown: the sweep.
    """
    refused, set_refused = solara.use_state("")
    workers, set_workers = solara.use_state("1")
    progress = shown.progress
    bad = progress.failed + progress.late if progress is not None else 0
    rest = bool(shown.problem) or (progress is not None and progress.ended - progress.killed < progress.total)

    def tried(action: Callable[[], Any]) -> None:
        try:
            action()
            set_refused("")
            lab.choose()
        except ConfigError as error:
            set_refused(str(error))

    if not lab.jobs.allowed:
        return
    ended = lab.jobs.ended(shown.folder)
    if ended and shown.state == STOPPED:
        solara.Text(ended, classes=["ss-refused", "ss-ended"])
    row = solara.Row(gap="8px", style={"flex-wrap": "wrap", "row-gap": "8px", "align-items": "center"})
    with row.key("buttons"):
        if shown.state == RUNNING:
            solara.Button(
                "Stop", on_click=lambda: tried(lambda: lab.stop(shown)), classes=["ss-stop-sweep"]
            ).key("stop")
        elif rest:
            solara.Button(
                "Go on", color="primary", classes=["ss-go-on"],
                on_click=lambda: tried(lambda: lab.go_on(shown, whole(workers))),
            ).key("on")  # fmt: skip
        if shown.state != RUNNING and bad:
            solara.Button(
                f"Make {bad:,} failed again", outlined=True, classes=["ss-retry"],
                on_click=lambda: tried(lambda: lab.go_on(shown, whole(workers), retry=True)),
            ).key("again")  # fmt: skip
    if shown.state != RUNNING and (rest or bad):
        solara.InputText("workers", value=workers, on_value=set_workers, dense=True)
    if refused:
        solara.Text(refused, classes=["ss-refused"])


@solara.component
def Comparing(lab: Lab, session: Session) -> None:
    """What is drawn: outcome, factors, trace, and the stores beside the watched one.

    Args:
        lab: is told.
        session: whose changes are followed.
    """
    sight = use_sight(lab, session)
    choice, shown = sight.choice, sight.shown
    with solara.Column(gap="6px", classes=["ss-form", "ss-comparing"]):
        if shown is None:
            solara.Text("there is nothing to compare yet")
            return
        race = shown.kind in FILES
        beside = [
            one.name
            for one in sight.stores
            if one != shown and (one.kind in FILES) == race and not one.problem
        ]
        if race:
            _Choose("trace", sight.traces, choice.trace, lambda name: lab.choose(trace=name))
        else:
            _Choose("outcome", sight.outcomes, choice.outcome, lambda name: lab.choose(outcome=name))
            _Choose("factor", sight.factors, choice.factor, lambda name: lab.choose(factor=name))
            seconds = (NO_SECOND, *(key for key in sight.factors if key != choice.factor))
            _Choose(
                "second factor", seconds, choice.second or NO_SECOND,
                lambda name: lab.choose(second="" if name == NO_SECOND else name),
            )  # fmt: skip
        if beside:
            solara.SelectMultiple(
                "compare with", values=list(choice.others), all_values=beside, dense=True,
                on_value=lambda names: lab.choose(others=tuple(names)),
            )  # fmt: skip
        for key, title in TITLES.items():
            if problem := sight.part(key).problem:
                solara.Text(f"{title}: {problem}", classes=["ss-hint", "ss-why-not"])


@solara.component
def _Choose(label: str, names: tuple[str, ...], value: str, on_value: Callable[[str], None]) -> None:
    if len(names) > (label == "second factor"):
        solara.Select(
            label, values=list(names), value=value if value in names else names[0], on_value=on_value, dense=True
        )  # fmt: skip
