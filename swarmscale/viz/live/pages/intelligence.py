"""Intelligence: how well the fleet thinks together, decides, learns and remembers."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ....agents.cognition import cognition_graph
from ....arrays import Floats
from ....model.intelligence.iq import shown
from ....model.intelligence.norm import shipped_norm
from ...figures import intelligence, knowledge, learned, mind
from ...theme import number
from .. import cells
from ..panels import Canvas, LivePage, Plot, Tile, View
from ..parts import COURSE_TICKS, DASH, NO_MODEL, of_model, of_probes, probes_version, seen_probes

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from ....model.swarm import SwarmModel

NO_PROBE = (
    "no probe was made yet: press Play until intelligence.period_s, or Probe now under Switches and faults"
)
NO_MEMORY = "the nodes keep no memory together here: set collective_memory.on under Settings and press Play"
NO_LEARNING = "agents learn nothing here: set learning.on under Settings and press Play"


def iq(view: View) -> str:
    """The last probe's IQ with its interval."""
    p = seen_probes(view)
    value, low, high = (p.last(name) for name in ("iq", "iq_low", "iq_high"))
    return DASH if np.isnan(value) else f"{shown(value)} ({shown(low)} to {shown(high)})"


def percentile(view: View) -> str:
    """The share of the norm's groups below it."""
    return number(seen_probes(view).last("percentile") / 100, "share")


def absolute(view: View) -> str:
    """The last probe's IQ without regard to size."""
    value = seen_probes(view).last("iq_absolute")
    return DASH if np.isnan(value) else shown(value)


def accuracy(view: View) -> str:
    """The share of decisions that were right, with its standard error."""
    p = seen_probes(view)
    right, se = p.last("decision_accuracy"), p.last("decision_accuracy_se")
    if np.isnan(right):
        return DASH
    return f"{100 * right:.0f} ± {100 * se:.0f} %" if se > 0 else f"{100 * right:.0f} %"


def alone(view: View) -> str:
    """The share of single agents' answers that were right."""
    right = seen_probes(view).last("alone_accuracy")
    return DASH if np.isnan(right) else f"{100 * right:.0f} %"


def latency(view: View) -> str:
    """How long a decision took, or that nobody could be asked."""
    p = seen_probes(view)
    asked = np.isfinite(p.last("decision_accuracy"))
    took = p.last("decision_ms")
    return "no answer" if asked and not np.isfinite(took) else number(took, "ms")


def _course(name: str, view: View) -> Floats:
    return seen_probes(view).column(name)[-COURSE_TICKS:]


def ties(view: View) -> Figure:
    """The cognitive graph, now."""
    graph = view.model.cognition_graph() if view.model is not None else cognition_graph()
    return mind.ties(graph, shipped_norm(), seen_probes(view))


def ties_version(view: View) -> Hashable:
    """What can be seen of it: loads in whole percent, and the last probe."""
    loads: tuple[Hashable, ...] = ()
    if view.model is not None:
        found = view.model.assignment.load(view.model.fleet)
        loads = tuple(np.where(np.isfinite(found), np.round(100 * found), -1).tolist())
    return loads, probes_version(view)


@cache
def loadings() -> Figure:
    """The factors of the shipped norm."""
    return intelligence.loadings(shipped_norm())


def memory(model: SwarmModel) -> Figure | None:
    """The collective memory, period by period."""
    kept = model.collective_memory
    return learned.memory(kept.series()) if kept is not None else None


def memory_version(view: View) -> Hashable:
    """Another value after another period."""
    kept = view.model.collective_memory if view.model is not None else None
    return (len(kept.tally.rows), kept.tally.rows[-1:].tobytes()) if kept is not None else ()


def learning(model: SwarmModel) -> Figure | None:
    """What agents have learned, update by update."""
    return learned.learning(model.learner.series) if model.learner is not None else None


def learning_version(view: View) -> Hashable:
    """Another value after another update."""
    series = view.model.learner.series if view.model is not None and view.model.learner is not None else ()
    return len(series), *series[-1:]


def knowledge_version(view: View) -> Hashable:
    """What can be seen of the knowledge graph."""
    return knowledge.knowledge_version(view.model.knowledge) if view.model is not None else ()


PAGE = LivePage(
    path="intelligence",
    title="Intelligence",
    lead="How well the fleet thinks together, decides, learns and remembers.",
    panels=(
        Tile(
            key="iq",
            title="collective IQ",
            text="mean of twelve scores against groups of the same size, 100 +- 15 over the norm's groups, with its "
            "95 % interval; the last probe's",
            value=iq,
        ),
        Tile(
            key="percentile",
            title="groups below",
            text="share of the norm's groups of the same size that score lower (%); the last probe's",
            value=percentile,
        ),
        Tile(
            key="absolute",
            title="absolute IQ",
            text="the IQ against groups of all sizes, so that size counts; the last probe's",
            value=absolute,
        ),
        Tile(
            key="accuracy",
            title="decisions right",
            text="share of a panel's decisions on questions with known answers that were right, abstentions wrong, "
            "with its standard error (%); the last probe's",
            value=accuracy,
            course=lambda view: _course("decision_accuracy", view),
        ),
        Tile(
            key="alone",
            title="single agents right",
            text="share of the same agents' own answers that were right, before any was heard (%); the last probe's",
            value=alone,
        ),
        Tile(
            key="latency",
            title="time to decide",
            text="simulated time of a collective decision, from question to consensus (ms); no answer where the "
            "node that asks is dead; the last probe's",
            value=latency,
            course=lambda view: _course("decision_ms", view),
        ),
        Plot(
            key="iq-course",
            title="Collective IQ",
            read="Each point is a probe with its 95 % interval; the gray band holds the middle two thirds of the "
            "norm's groups. Two probes whose intervals lie apart differ.",
            figure=of_probes(intelligence.iq_over_time),
            otherwise=NO_PROBE,
            version=probes_version,
        ),
        Plot(
            key="scores",
            title="Scores of the twelve functions",
            read="The blue bar is what panels reached, the frame around it what their members could; the gap is lost "
            "on the way to the group.",
            figure=of_probes(intelligence.scores),
            otherwise=NO_PROBE,
            version=probes_version,
        ),
        Plot(
            key="ties",
            title="Cognitive graph",
            read="Wide blue ties go together in the norm's groups, dashed red ones against each other, dotted gray "
            "ones are not told from none; a function's color is the busy share (%) of its agents, dark is idle.",
            figure=ties,
            otherwise=NO_PROBE,
            wide=True,
            version=ties_version,
        ),
        Plot(
            key="decisions",
            title="Consensus: decisions beside single agents",
            read="Above the gray line a panel decides better than its agents alone; confidence should lie on the blue "
            "line.",
            figure=of_probes(intelligence.decisions),
            otherwise=NO_PROBE,
            version=probes_version,
        ),
        Plot(
            key="loadings",
            title="Factor loadings of the norm",
            read="Long blue bars go with what the functions have in common. The share that one factor takes belongs to "
            "the norm's population of groups; it says nothing of this fleet.",
            figure=lambda view: loadings(),
            otherwise=NO_PROBE,
            version=lambda view: shipped_norm().digest,
        ),
        Plot(
            key="knowledge",
            title="Knowledge graph",
            read="Nine domains with their facts (number); wide links are strong (0 to 1), dashed gray ones are "
            "assumed, blue ones follow what was looked up and seen together.",
            figure=of_model(lambda model: knowledge.knowledge(model.knowledge)),
            otherwise=NO_MODEL,
            wide=True,
            version=knowledge_version,
        ),
        Plot(
            key="memory",
            title="Collective memory",
            read="Stale reads and convergence rise when links fail; in strong mode there are no stale reads, but "
            "refusals.",
            figure=of_model(memory),
            otherwise=NO_MEMORY,
            version=memory_version,
        ),
        Plot(
            key="learning",
            title="Learning",
            read="Gain of skill flattens as practice grows: each doubling of tasks brings the same factor (%).",
            figure=of_model(learning),
            otherwise=NO_LEARNING,
            version=learning_version,
        ),
        Canvas(
            key="agents",
            title="Every agent by its type",
            read="Click an agent to open its function, behavior and 76 traits at the side.",
            choices=(cells.KIND, cells.STATE, cells.SKILL),
            paint=cells.paint,
            otherwise=NO_MODEL,
            picked=cells.picked,
        ),
    ),
)
