"""The form that begins a sweep: base, factors, design, seeds; how many runs that makes, and how long they take."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import solara
import solara.lab

from ....errors import ConfigError
from ....model.presets import preset_names
from ...theme import digits, length
from ..forms import WHOLE
from ..session import Session
from ..settings import STYLE
from ..watching import use_seen
from .draft import FACTORS, PRESENT, Draft, key_name, plan_of, values_name
from .lab import Lab

if TYPE_CHECKING:
    from ....batch.plan import Plan

THIS_FORM = "this form"
FIRST = {key_name(0): "life.start_s", values_name(0): "10, 30, 60"}
"""What stands in the form at first: something that can run."""
HINTS = {
    "name": "of its folder",
    "set": "settings of all runs: seconds = 600; intelligence.on = false",
    "samples": "points of the design; a power of 2 for sobol and saltelli",
    "replications": "runs of each setting, with seeds of their own, the same ones in every setting",
    "rng": "seed of the first replication",
    "outcomes": "with commas between them; nothing for all",
    "workers": "processes at once",
    "time_limit_s": "a run may take so long; nothing for any time",
}
LABELS = {"set": "for all runs", "rng": "seed", "time_limit_s": "time limit (s)"}
KINDS = ("grid", "latin-hypercube", "sobol", "saltelli", "morris")


@solara.component
def Start(lab: Lab, session: Session) -> None:
    """Put a sweep together, or take a file, and begin it.

    Args:
        lab: begins it.
        session: its present settings may be the base.
    """
    source, set_source = solara.use_state(THIS_FORM)
    files = solara.use_memo(lab.files, [source, use_seen(session, lambda: lab.sight.stores)])
    solara.Style(STYLE)
    with solara.Column(gap="6px", classes=["ss-form", "ss-start"]):
        if not lab.jobs.allowed:
            try:
                lab.jobs.refuse()
            except ConfigError as error:
                solara.Text(str(error), classes=["ss-not-here"])
            return
        if files:
            solara.Select(
                "begin from", values=[THIS_FORM, *files], value=source, on_value=set_source, dense=True
            ).key("source")
        if source in files:
            FromFile(lab, source).key(source)
        else:
            FromForm(lab, session).key("form")


@solara.component
def FromFile(lab: Lab, name: str) -> None:
    """A sweep file of the folder.

    Args:
        lab: begins it.
        name: of the file.
    """
    workers, set_workers = solara.use_state("1")
    late, set_late = solara.use_state({})

    def judge() -> tuple[Plan | None, str]:
        try:
            return plan_of(lab.file(name), lab.most_agents, every=False), ""
        except ConfigError as error:
            return None, str(error)

    plan, refused = solara.use_memo(judge, [name])
    if refused:
        solara.Text(refused, classes=["ss-refused"])
    TypedText(
        "workers", workers, late.get("workers", ""), lambda text: [set_workers(text), set_late({})]
    ).key("w")
    Begin(lab, plan, lambda: lab.file(name), Path(name).stem, workers, set_late).key("begin")
    if late.get(WHOLE):
        solara.Text(late[WHOLE], classes=["ss-refused"])


@solara.component
def FromForm(lab: Lab, session: Session) -> None:
    """The form itself; what is refused stands beside its field.

    Args:
        lab: begins the sweep.
        session: its present settings may be the base.
    """
    config = use_seen(session, lambda: session.config)
    texts, set_texts = solara.use_state(FIRST)
    late, set_late = solara.use_state({})
    draft = Draft(config, texts)
    judged = solara.use_memo(lambda: draft.judged(lab.most_agents), [config, texts])
    refusals = {**judged.refusals, **late}

    def typed(name: str, text: str) -> None:
        # from what was typed last, not from this render's texts: more may be typed before the next one
        set_texts(lambda now: {**now, name: text})
        set_late({})

    def field(name: str) -> None:
        TypedText(name, draft.text(name), refusals.get(name, ""), lambda text: typed(name, text)).key(name)

    # all with keys, so that none is made anew under a finger when a line comes or goes before it
    field("name")
    solara.Select(
        "base", values=[PRESENT, *preset_names()], value=draft.text("base"), dense=True,
        on_value=lambda text: typed("base", text),
    ).key("base")  # fmt: skip
    field("set")
    for number in range(min(len(draft.factors) + 1, FACTORS)):
        FactorFields(number, draft, refusals, typed).key(str(number))
    solara.Select(
        "design", values=list(KINDS), value=draft.text("kind"), dense=True, on_value=lambda text: typed("kind", text)
    ).key("kind")  # fmt: skip
    if refusals.get("kind"):
        solara.Text(refusals["kind"], classes=["ss-refused"])
    for name in ("samples", "replications", "rng", "outcomes", "workers", "time_limit_s"):
        if name != "samples" or draft.text("kind") != "grid":
            field(name)
    if refusals.get(WHOLE):
        solara.Text(refusals[WHOLE], classes=["ss-refused"])
    name = draft.text("name").strip()
    Begin(
        lab,
        judged.plan,
        draft.tree,
        name,
        draft.text("workers"),
        set_late,
        save=lambda: lab.save(draft.tree(), name),
    ).key("begin")


@solara.component
def TypedText(name: str, text: str, refused: str, on_text: Callable[[str], Any], hint: str = "") -> None:
    """A field of the form.

    Args:
        name: of the field.
        text: what stands in it.
        refused: why it is refused; empty if it is not.
        on_text: is told what was typed.
        hint: what it is.
    """
    solara.InputText(
        LABELS.get(name, name), value=text, on_value=on_text, error=refused or False, dense=True,
        message=hint or HINTS.get(name, ""), classes=[f"ss-sweep-{name.replace(' ', '-')}"],
    )  # fmt: skip


@solara.component
def FactorFields(
    number: int, draft: Draft, refusals: dict[str, str], typed: Callable[[str, str], None]
) -> None:
    """A factor: its setting, with the nearest name for one that there is not, and its values."""
    name, values = key_name(number), values_name(number)
    grid = draft.text("kind") == "grid"
    refused = refusals.get(name, "")
    key = "a setting by its dotted key, such as life.start_s or scaling"
    TypedText(name, draft.text(name), refused, lambda text: typed(name, text), key).key(name)
    near = re.search(r"Did you mean '([^']+)'", refused)
    if near:
        solara.Button(
            f"Take {near[1]}", on_click=lambda: typed(name, near[1]), outlined=True, classes=["ss-take-near"]
        ).key("near")
    if draft.text(name).strip():
        way = "10 to 60 in 6" if grid else "10 to 60, or 1 to 100 log"
        TypedText(
            values, draft.text(values), refusals.get(values, ""), lambda text: typed(values, text),
            f"with commas between them, or a range: {way}",
        ).key(values)  # fmt: skip


@solara.component
def Begin(
    lab: Lab, plan: Plan | None, source: Callable[[], Any], name: str, workers: str,
    on_refused: Callable[[dict[str, str]], None], save: Callable[[], Path] | None = None,
) -> None:  # fmt: skip
    """The buttons, with the number of runs and the time that they will take.

    Args:
        lab: begins the sweep.
        plan: what would run; None if something is refused.
        source: gives the sweep file, or what it says.
        name: of the sweep's folder.
        workers: as typed.
        on_refused: is told what was refused, by field; nothing if nothing was.
        save: writes the sweep file, None if it is one.
    """
    took, set_took = solara.use_state({})
    said, set_said = solara.use_state("")
    digest = solara.use_memo(lambda: plan.digest() if plan is not None else "", [plan])

    def tried(action: Callable[[], str]) -> None:
        on_refused({})
        try:
            set_said(action())
        except ConfigError as error:
            on_refused(placed(error))

    def start() -> str:
        lab.start(source(), name, whole(workers))
        return f"{name} begins: see the list"

    def trial() -> str:
        assert plan is not None
        set_took({digest: lab.trial(plan)})
        return ""

    starting: Any = solara.lab.use_task(lambda: tried(start), dependencies=None)
    trying: Any = solara.lab.use_task(lambda: tried(trial), dependencies=None)
    solara.Text(foretold(plan, took.get(digest), workers) if plan is not None else "", classes=["ss-runs"])
    with solara.Row(gap="8px", style={"flex-wrap": "wrap", "row-gap": "8px"}):
        ready = plan is not None and not (starting.pending or trying.pending)
        ButtonFor("Starting ..." if starting.pending else "Start", "start-sweep", starting, ready, main=True)
        ButtonFor("Trying ..." if trying.pending else "Try one run", "try-run", trying, ready)
        if save is not None:
            ButtonFor("Save as TOML", "save-sweep", lambda: tried(lambda: f"saved as {save().name}"), ready)
    if said:
        solara.Text(said, classes=["ss-said"])


@solara.component
def ButtonFor(title: str, name: str, on_click: Callable[[], Any], ready: bool, main: bool = False) -> None:
    """A button, which can be pressed while the form is good and nothing is under way."""
    look: dict[str, Any] = {"color": "primary"} if main else {"outlined": True}
    solara.Button(title, on_click=on_click, disabled=not ready, classes=[f"ss-{name}"], **look)


def placed(error: ConfigError) -> dict[str, str]:
    """A refusal of what was to begin, by its field.

    >>> placed(ConfigError("workers = 9, but it must be at most 2"))
    {'workers': 'workers = 9, but it must be at most 2'}
    """
    line = str(error)
    return {next((name for name in ("name", "workers") if line.startswith(name + " = ")), WHOLE): line}


def whole(workers: str) -> int:
    """The number of workers that was typed.

    Raises:
        ConfigError: if it is none.
    """
    try:
        return int(workers.strip())
    except ValueError:
        raise ConfigError(f"workers = {workers!r}, but it must be a whole number") from None


def foretold(plan: Plan, run_s: float | None, workers: str) -> str:
    """How many runs a plan makes, and how long they take if that is known.

    >>> from swarmscale.batch.plan import Plan
    >>> plan = Plan.load({"base": "tiny", "replications": 4})
    >>> foretold(plan, None, "2"), foretold(plan, 3.0, "2")
    ('4 runs; how long they take is not known: try one run', '4 runs of about 3.00 s, so 6 s with 2 workers')
    """
    runs = len(plan.settings) * len(plan.seeds)
    count = f"{runs:,} {'run' if runs == 1 else 'runs'}"
    if run_s is None:
        return f"{count}; how long they take is not known: try one run"
    at_once = int(workers) if workers.strip().isdigit() and int(workers) else 1
    whole_s = -(-runs // at_once) * run_s
    many = f"{at_once} workers" if at_once > 1 else "one worker"
    return f"{count} of about {digits(run_s)} s, so {length(max(round(whole_s), 1))} with {many}"
