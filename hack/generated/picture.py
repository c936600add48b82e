"""Parts of the pictures that are drawn from results."""

from __future__ import annotations


def ticks(most: float) -> list[int]:
    """Round numbers up to the most, four or five of them."""
    rough = most / 4
    size = 10 ** (len(str(int(rough))) - 1) if rough >= 1 else 1
    step = max(1, int(rough / size) * size)
    return list(range(0, int(most) + 1, step))


def tick(x: float, y: float, text: str, anchor: str = "middle", colour: str = "#444444") -> str:
    """A word in the picture."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{text}</text>'


def line(points: list[tuple[float, float]], colour: str, width: float = 2, dashes: str = "") -> str:
    """A line through points."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dashed}/>'


def steps(changes: list[tuple[float, float]], end: float) -> list[tuple[float, float]]:
    """The corners of what holds from each change to the next."""
    corners: list[tuple[float, float]] = []
    for (at, value), (until, _) in zip(changes, [*changes[1:], (end, 0.0)], strict=True):
        corners += [(at, value), (until, value)]
    return corners
