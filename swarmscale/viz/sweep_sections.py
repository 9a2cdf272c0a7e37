"""The sections of a sweep's page: which figures and tables stand where, and how to read each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from ..batch.analysis import (
    chosen_ends,
    main_effects,
    meaning,
    noise_share,
    objectives_of,
    pareto,
    sensitivity,
    shares,
    strongest,
    surface,
    varied,
)
from ..batch.analysis.effects import BINS, over_of
from ..batch.analysis.tidy import numeric_factors
from ..batch.design import flat
from ..errors import ConfigError
from .page_cards import Drawn, Panel, section
from .page_tables import Cell, measured_cell, part, sortable
from .sweep_sheets import pairs_tables, words
from .theme import number

if TYPE_CHECKING:
    import pandas as pd

    from ..batch.analysis import Sensitivity, Surface

LEAST_R2 = 0.2
"""Share of the runs' variance below which a surface is not worth drawing."""

FEW_BINS = 4
"""Bins of a numeric factor where two are looked at together in a sampled design: few, so that each holds runs."""


def effects_section(frame: pd.DataFrame, outcomes: Sequence[str], kind: str) -> list[Drawn]:
    """Main effects of every factor on each outcome; none if nothing was varied."""
    from .figures.effects import effects_figure

    if not varied(frame):
        return []
    draws = "replications, since all runs of one share their seed."
    if over_of(kind) == "settings":
        draws = "settings, a sample of the design's space."
    if kind in ("saltelli", "morris"):
        draws += (
            " They share coordinates by the design, so whiskers are rough here; the indices below are not."
        )
    panels = [
        Panel(
            key=f"effects-{i}",
            figure=effects_figure(
                main_effects(frame, name, kind=kind), meaning(name), numeric_factors(frame)
            ),
            read=_ranking(frame, name),
        )
        for i, name in enumerate(outcomes)
    ]
    lead = (
        "Each point is the mean over all settings that have this level, the dotted line the mean of all. Draws are "
        + draws
    )
    return [section("Effects", lead, panels)]


def _ranking(frame: pd.DataFrame, outcome: str) -> str:
    """Which factors explain most of what differs between settings."""
    found = {key: share for key, share in shares(frame, outcome).items() if np.isfinite(share)}
    if not found:
        return "It is the same in every setting."
    first = sorted(found.items(), key=lambda pair: -pair[1])[:3]
    told = ", ".join(f"{key} {number(share, 'share')}" for key, share in first)
    return f"Of the variance between settings each alone explains: {told}.{_noise(frame, outcome)}"


def _noise(frame: pd.DataFrame, outcome: str) -> str:
    """What of the variance between settings is noise, as a sentence; empty if it is not known."""
    noise = noise_share(frame, outcome)
    return f" Noise of the replications accounts for {number(noise, 'share')}." if np.isfinite(noise) else ""


def interactions_section(frame: pd.DataFrame, outcomes: Sequence[str], kind: str) -> list[Drawn]:
    """For each outcome the two factors that depend on each other most; none with fewer than two factors.

    None for designs of sensitivity either, whose points lie on lines: interactions are what their indices tell.
    """
    from .figures.effects import interaction_figure

    if kind in ("saltelli", "morris"):
        return []
    bins = FEW_BINS if over_of(kind) == "settings" else BINS
    panels = []
    for i, name in enumerate(outcomes):
        found = strongest(frame, name, bins)
        if found is not None:
            panels.append(
                Panel(
                    key=f"interaction-{i}",
                    figure=interaction_figure(found, meaning(name)),
                    read="Rows that are no copies of each other, shifted, show that one factor's effect depends on "
                    f"the other.{_noise(frame, name)}",
                )
            )
    lead = "Of all pairs of factors the one that explains the most together beyond what either does alone."
    return [section("Interactions", lead, panels)] if panels else []


def differences_section(frame: pd.DataFrame, outcomes: Sequence[str]) -> list[Drawn]:
    """Paired differences of every factor of few levels; none if no two runs make a pair."""
    body = pairs_tables(frame, outcomes)
    if not body:
        return []
    lead = (
        "Each level against the first one, run against run: same seed, same other settings (common random numbers). "
        "Intervals are Student's over replications. In green and red: better or worse with the whole interval; in "
        "bold: clear, but nobody says which is better. P-values are corrected for the levels of a factor by Holm's "
        "rule. The last but one column tells how many times the runs the same interval would take without pairs."
    )
    return [Drawn("Differences", part("Differences", lead, body))]


def sensitivity_section(
    frame: pd.DataFrame, outcomes: Sequence[str], design: Mapping[str, Any]
) -> list[Drawn]:
    """Sobol indices or Morris effects; none if the design is for neither."""
    from .figures.sensitivity import sensitivity_figure

    if design.get("kind") not in ("saltelli", "morris"):
        return []
    read = {
        "sobol": "A total far above the first order means that the factor works through others.",
        "morris": "Far right matters; above the dotted line its effect is curved or depends on others.",
    }
    panels = []
    for i, name in enumerate(outcomes):
        found, why = _indices(frame, name, design)
        figure = None if found is None else sensitivity_figure(found, meaning(name))
        said = "" if found is None else read[found.kind]
        panels.append(Panel(key=f"sensitivity-{i}", figure=figure, read=said, otherwise=why))
    lead = "How much each factor matters over its whole range, choices and logarithmic ranges by their parts of it."
    return [section("Sensitivity", lead, panels)]


def _indices(frame: pd.DataFrame, outcome: str, design: Mapping[str, Any]) -> tuple[Sensitivity | None, str]:
    try:
        return sensitivity(frame, outcome, design), ""
    except ConfigError as error:
        return None, str(error)


def surface_section(frame: pd.DataFrame, outcomes: Sequence[str], design: Mapping[str, Any]) -> list[Drawn]:
    """A response surface of each outcome over the numeric factors that explain most; none without such factors."""
    from .figures.surface import surface_figure

    numeric = numeric_factors(frame)
    if not numeric:
        return []
    panels = []
    for i, name in enumerate(outcomes):
        found, why = _surface(frame, name, numeric, design)
        panels.append(
            Panel(
                key=f"surface-{i}",
                figure=None if found is None else surface_figure(found, frame, meaning(name)),
                read="Trust it where R2 is near 1; where it is not, the outcome bends otherwise or depends on "
                "factors that are not drawn.",
                otherwise=why,
            )
        )
    lead = "A quadratic in at most two numeric factors, those that explain most of the outcome."
    return [section("Surface", lead, panels)]


def _surface(
    frame: pd.DataFrame, outcome: str, numeric: Sequence[str], design: Mapping[str, Any]
) -> tuple[Surface | None, str]:
    explained = shares(frame, outcome)
    keys = sorted(numeric, key=lambda key: -np.nan_to_num(explained[key]))[:2]
    over = flat(design.get("over", {}))
    log = [key for key in keys if isinstance(over.get(key), Mapping) and over[key].get("log")]
    try:
        found = surface(frame, outcome, sorted(keys, key=list(numeric).index), log)
    except ConfigError as error:
        return None, str(error)
    if found.r2 >= LEAST_R2:
        return found, ""
    told = " and ".join(found.factors) + (" explain" if len(found.factors) > 1 else " explains")
    return (
        None,
        f"{meaning(outcome).title}: {told} only {number(found.r2, 'share')} of it, so none is drawn",
    )


def front_section(frame: pd.DataFrame, asked: Sequence[str]) -> list[Drawn]:
    """The Pareto front of cost, service and collective IQ, as far as they were measured; none without two of them."""
    from .figures.pareto import pareto_figure

    objectives = objectives_of(frame, asked)
    if len(objectives) < 2 or frame["setting"].nunique() < 2:
        return []
    try:
        table = pareto(frame, objectives)
    except ConfigError:  # no run has all of them
        return []
    keys = varied(frame)
    names = [words(row, keys) for row in table.to_dict("records")]
    meanings = {name: meaning(name) for name in objectives}
    panel = Panel(
        key="front",
        figure=pareto_figure(table, objectives, meanings, names),
        read="Of the settings on the front none is better in all; of the others there is always a better one.",
        wide=True,
    )
    rows = [
        (
            Cell(name),
            *(measured_cell(float(row[k]), meanings[k].unit) for k in objectives),
            measured_cell(float(row["share"]), "share"),
        )
        for name, row in zip(names, table.to_dict("records"), strict=True)
        if row["front"]
    ]
    head = ("setting", *(meanings[k].title for k in objectives), "on the front in")
    drawn = section("Front", "Settings that no other one beats in every objective.", [panel])
    below = "<h3>On the front</h3><p>The last column: share of bootstrap resamples of the replications.</p>"
    body = drawn.html.removesuffix("</section>") + below + sortable(head, rows, label="front") + "</section>"
    return [Drawn("Front", body)]


def tiles(frame: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> str:
    """Of each outcome the best setting's mean and the worst one's, or the lowest and highest.

    Args:
        frame: the final table.
        tables: for each outcome its means by setting, from :func:`~swarmscale.batch.analysis.intervals`.
    """
    out, keys = [], varied(frame)
    for name, table in tables.items():
        known = meaning(name)
        table = table[table["value"].notna()]
        if len(table) < 2:
            continue
        up = known.better == "max"
        ordered = table.sort_values("value", ascending=not up, kind="stable")
        first, last = ordered.iloc[0], ordered.iloc[-1]
        low, high = (end[0] for end in chosen_ends(ordered[:1]))
        spread = f" [{number(low, known.unit)}, {number(high, known.unit)}]" if np.isfinite(low) else ""
        title = f"{known.title}, {'best' if known.better else 'lowest'} of {len(table)} settings"
        out.append(
            f'<div class="tile" title="{escape(known.text)}"><div class="name">{escape(title)}</div>'
            f'<div class="value">{escape(number(float(first["value"]), known.unit))}</div>'
            f'<div class="claim">{escape(words(first, keys))}{escape(spread)}; '
            f"{'worst' if known.better else 'highest'} {escape(number(float(last['value']), known.unit))}</div></div>"
        )
    return "".join(out)
