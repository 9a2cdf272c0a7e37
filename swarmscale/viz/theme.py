"""How figures and tables look: one palette, light and dark, and how numbers are written. Imports no Plotly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

# Okabe & Ito (2008), told apart with every common color blindness; black and yellow are left out, since each
# vanishes on one of the two backgrounds.
BLUE, ORANGE, GREEN, VERMILLION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PURPLE, GRAY, FAINT = "#56B4E9", "#CC79A7", "#7A8691", "#B4BCC4"
TEAL = "#44AA99"  # of Tol (2021), for what comes ninth
COLORWAY = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, GRAY, FAINT)

# the same hues, lighter, for a dark background
DARK_COLORS = {
    BLUE: "#4DA8E0",
    ORANGE: "#F0B432",
    GREEN: "#2BC596",
    VERMILLION: "#F0803C",
    SKY: "#9AD4F5",
    PURPLE: "#DF9CC3",
    GRAY: "#97A3AE",
    FAINT: "#5A6672",
    TEAL: "#66C9B8",
}

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
SEQUENTIAL = "Viridis"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Colors of a background and what stands on it.

    Attributes:
        name: ``light`` or ``dark``.
        page: behind everything.
        card: behind a figure.
        text: letters.
        muted: letters of less weight.
        grid: lines of less weight.
        good: a claim that is met.
        bad: a claim that is not met.
        unsure: a claim that is open.
        accent: links and sparklines.
    """

    name: str
    page: str
    card: str
    text: str
    muted: str
    grid: str
    good: str
    bad: str
    unsure: str
    accent: str


LIGHT = Look(
    name="light",
    page="#F3F5F8",
    card="#FFFFFF",
    text="#1B2430",
    muted="#5B6672",
    grid="#E2E7ED",
    good="#00734F",
    bad="#B34700",
    unsure="#7A5A00",
    accent=BLUE,
)
DARK = Look(
    name="dark",
    page="#0E1217",
    card="#171D25",
    text="#E6EAF0",
    muted="#9BA7B4",
    grid="#2A333E",
    good="#3AD1A2",
    bad="#FF9A5C",
    unsure="#F0C75A",
    accent=DARK_COLORS[BLUE],
)


def template(look: Look) -> dict[str, Any]:
    """A Plotly template as a plain dict, which ``layout.template`` takes as it stands."""
    axis = {
        "gridcolor": look.grid,
        "linecolor": look.grid,
        "zerolinecolor": look.grid,
        "tickcolor": look.grid,
        "automargin": True,
        "title": {"standoff": 8, "font": {"size": 12, "color": look.muted}},
        "tickfont": {"size": 11, "color": look.muted},
    }
    return {
        "layout": {
            "font": {"family": FONT, "size": 12, "color": look.text},
            "title": {"font": {"size": 16}, "x": 0, "xref": "paper", "subtitle": {"font": {"size": 12}}},
            "paper_bgcolor": look.card,
            "plot_bgcolor": look.card,
            "colorway": [c if look is LIGHT else DARK_COLORS[c] for c in COLORWAY],
            "xaxis": axis,
            "yaxis": axis,
            "coloraxis": {"colorbar": {"outlinewidth": 0, "thickness": 12}},
            "hoverlabel": {
                "bgcolor": look.card,
                "bordercolor": look.muted,
                "align": "left",
                "font": {"family": FONT, "size": 12, "color": look.text},
            },
            "legend": {"font": {"size": 11.5, "color": look.text}, "bgcolor": "rgba(0,0,0,0)"},
        }
    }


def see_through(color: str, opacity: float) -> str:
    """A color of the palette as ``rgba(...)``.

    >>> see_through(BLUE, 0.2)
    'rgba(0,114,178,0.2)'
    """
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def dark_words() -> list[tuple[str, str]]:
    """What to replace in a figure's JSON so that its colors suit a dark background."""
    pairs = list(DARK_COLORS.items())
    return pairs + [(see_through(a, 1)[:-2], see_through(b, 1)[:-2]) for a, b in pairs]


def number(value: float, unit: str = "") -> str:
    """A value with its unit: shares in percent, three or more digits, a dash for NaN.

    >>> number(0.9234, "share"), number(0.00004, "share"), number(12345.6, "1/s"), number(4.8, "ms")
    ('92.3 %', '0.004 %', '12,346 /s', '4.80 ms')
    """
    if math.isnan(value):
        return "–"
    return digits(100 * value if unit == "share" else value, unit) + suffix(unit)


def suffix(unit: str) -> str:
    """What stands behind a number of a unit."""
    return {"share": " %", "1/s": " /s", "": ""}.get(unit, f" {unit}")


def digits(value: float, unit: str = "") -> str:
    """A number in three significant digits, whole from 100 up; no share below 100 % is written as 100.

    >>> digits(0), digits(3.14159), digits(99.9962, "share"), digits(1234.5)
    ('0', '3.14', '99.996', '1,234')
    """
    size = abs(value)
    if size == 0 or not math.isfinite(size):
        return f"{value:g}"
    if unit == "share" and 99.9 <= size < 100:
        return f"{value:.{min(math.ceil(-math.log10(100 - size) - 1e-6), 6)}f}".rstrip("0").rstrip(".")
    if size >= 1e9:
        return f"{value:.3g}"
    places = max(0, 2 - math.floor(math.log10(size)))
    text = f"{value:,.{min(places, 7)}f}"
    return text.rstrip("0").rstrip(".") if size < 0.1 else text


def length(seconds: float) -> str:
    """A length of time for people.

    >>> length(90), length(3600), length(86400 * 2)
    ('90 s', '1 h', '2 days')
    """
    for divisor, unit in ((86_400.0, "days"), (3_600.0, "h"), (60.0, "min")):
        if seconds >= divisor * (2 if unit != "h" else 1):
            return f"{seconds / divisor:,.4g} {unit}"
    return f"{seconds:,.4g} s"
