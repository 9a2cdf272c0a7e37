"""What an analysis of demand found, in words."""

from __future__ import annotations

from .demand_analysis import RARE, Analysis


def sentences(found: Analysis) -> list[str]:
    """The findings in words, each with its figures."""
    out = [
        f"period of {p.period_s / 3600:.3g} h: explains {p.share:.0%} of the variance of log demand, p {_p(p.p_value)}"
        for p in found.periods
    ] or ["no significant period"]
    for shift in found.shifts:
        out.append(
            f"level x{shift.ratio:.2f} after {shift.time_s / 3600:.1f} h (day {shift.time_s / 86_400:.2f}), "
            f"p {_p(shift.p_value)}"
        )
    if not found.shifts:
        out.append("no significant lasting change of level by a quarter or more")
    t = found.trend
    if t is None:
        out.append("too few blocks for a trend")
    else:
        out.append(
            f"trend {t.per_day:+.2%} of the mean a day [{t.low:+.2%}, {t.high:+.2%}], Mann-Kendall p {_p(t.p_value)}"
        )
    out.append(
        f"peak {found.peak_to_mean:.1f} times the mean; dispersion {found.dispersion:,.3g} around level and season "
        f"(1 = Poisson events)"
    )
    return out


def in_short(found: Analysis, span_s: float) -> str:
    """What is significant in a series of this length, on one line; shifts are told by how long ago they were."""
    out = [f"period of {p.period_s / 3600:.3g} h ({p.share:.0%} of its variance)" for p in found.periods[:1]]
    out += [f"level x{shift.ratio:.2f} for {span_s - shift.time_s:,.0f} s" for shift in found.shifts[-1:]]
    if found.trend is not None and found.trend.p_value < RARE:
        per, name = (1.0, "a day") if span_s >= 2 * 86_400 else (24.0, "an hour")
        out.append(f"trend {found.trend.per_day / per:+.0%} of the mean {name}")
    return ", ".join(out) or "no significant period, shift or trend"


def _p(value: float) -> str:
    return "< 1e-12" if value < 1e-12 else f"{value:.2g}"
