"""The figure of benchmarks/structure.py: response against cluster size, a pane for each load."""

from __future__ import annotations

from math import log
from pathlib import Path

import numpy as np

COLORS = ("#0072B2", "#009E73", "#E69F00", "#D55E00")
DASHES = ("", "7 3", "2 3", "")
WIDTH, HEIGHT, PAD = 230, 200, 46


def text(x: float, y: float, words: str, more: str = "") -> str:
    """A text element."""
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{words}</text>'


def draw(means: dict[tuple[str, float, int], float], path: Path) -> None:
    """Write the figure.

    Args:
        means: mean response in s by way of coordinating, load and cluster size.
        path: where it goes, as SVG.
    """
    modes, loads, sizes = (list(dict.fromkeys(key[i] for key in means)) for i in range(3))
    size = f'width="{WIDTH * len(loads) + 20}" height="{HEIGHT + 56}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="sans-serif" font-size="11">',
        "<title>Mean response against cluster size</title>",
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for i, load in enumerate(loads):
        lines = {mode: [means[mode, load, one] for one in sizes] for mode in modes}
        parts += pane(i * WIDTH, f"load {load:g}", sizes, lines)
    parts.append(
        text(PAD, HEIGHT + 18, "agents in a cluster, log scale; mean response in s, each pane its own scale")
    )
    for i, mode in enumerate(modes):
        x, y = PAD + 110 * i, HEIGHT + 38
        parts.append(stroke(f"{x},{y - 4} {x + 24},{y - 4}", i))
        parts.append(text(x + 30, y, mode))
    path.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")


def stroke(points: str, i: int) -> str:
    """The line of the i-th way of coordinating."""
    return (
        f'<polyline points="{points}" fill="none" stroke="{COLORS[i]}" stroke-width="2" '
        f'stroke-dasharray="{DASHES[i]}"/>'
    )


def pane(left: float, title: str, sizes: list[int], lines: dict[str, list[float]]) -> list[str]:
    """One pane from ``left`` on: its axes and a line for each way of coordinating."""
    low, high = 3.45, 1.01 * max(max(line) for line in lines.values())
    start, end = left + PAD, left + WIDTH - 12

    def x(size: float) -> float:
        return start + log(size / sizes[0]) / log(sizes[-1] / sizes[0]) * (end - start)

    def y(value: float) -> float:
        return 30 + (high - value) / (high - low) * (HEIGHT - 50)

    parts = [text(start, 18, title, 'font-weight="bold"')]
    parts += [text(x(one), HEIGHT - 4, str(one), 'text-anchor="middle"') for one in sizes]
    for value in np.linspace(low, high, 4):
        parts.append(text(start - 6, y(value) + 4, f"{value:.2f}", 'text-anchor="end"'))
        parts.append(f'<path d="M{start},{y(value):.1f}H{end}" stroke="#ddd"/>')
    for i, line in enumerate(lines.values()):
        parts.append(stroke(" ".join(f"{x(s):.1f},{y(v):.1f}" for s, v in zip(sizes, line, strict=True)), i))
    return parts
