"""What became of requests and pods in a burst: a picture and a table, for docs/how-to/scaling.md."""

from __future__ import annotations

import json
from pathlib import Path

from hack.generated import ROOT
from hack.generated.benchmark_table import Result
from hack.generated.picture import line, steps, tick, ticks

RESULT = ROOT / "benchmarks" / "results" / "scaling.json"
PLOT = ROOT / "docs" / "images" / "scaling.svg"
WIDTH, HEIGHT, LEFT, TOP, BETWEEN = 640, 170, 46, 52, 62
SENT, FAILED, STORED, READY, LOST = "#1f5fa8", "#c0392b", "#7a7a7a", "#2e7d32", "#f6e3c5"
PANELS = (("burst", "a burst of three times the load"), ("outage", "the same, with Prometheus stopped"))


def files() -> dict[Path, str]:
    """The picture, where there is a result."""
    if not RESULT.is_file():
        return {}
    return {PLOT: plot(json.loads(RESULT.read_text(encoding="utf-8"))["figures"])}


def plot(figures: Result) -> str:
    """Both courses, one below the other, on the same scales."""
    shown = [(title, figures[name]) for name, title in PANELS]
    end = max(course["marks"]["end"] for _, course in shown)
    bottom = TOP + len(shown) * (HEIGHT + BETWEEN)
    form = f'viewBox="0 0 {LEFT + WIDTH + 40} {bottom}" width="{LEFT + WIDTH + 40}" font-family="sans-serif"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {form} font-size="12">',
        f'<rect width="{LEFT + WIDTH + 40}" height="{bottom}" fill="#ffffff"/>',
        tick(LEFT, 16, "requests a second", "start", SENT),
        tick(LEFT + 120, 16, "of them refused", "start", FAILED),
        tick(LEFT + WIDTH - 130, 16, "pods asked for (right)", "end", STORED),
        tick(LEFT + WIDTH, 16, "pods ready (right)", "end", READY),
    ]
    for number, (title, course) in enumerate(shown):
        parts += panel(title, course, TOP + number * (HEIGHT + BETWEEN), end, figures)
    return "\n".join([*parts, "</svg>\n"])


def panel(title: str, course: Result, top: float, end: float, figures: Result) -> list[str]:
    """One course."""
    most_rate, most_pods = 1.3 * figures["burst_a_second"], figures["scaling"]["maxReplicas"] + 0.5
    bottom, marks = top + HEIGHT, course["marks"]

    def x(seconds: float) -> float:
        return LEFT + WIDTH * seconds / end

    def rates(name: str) -> list[tuple[float, float]]:
        width = course["step_seconds"]
        return [
            (x((place + 0.5) * width), bottom - HEIGHT * value / most_rate)
            for place, value in enumerate(course[name])
        ]

    def pods(name: str) -> list[tuple[float, float]]:
        changes = [(at, count) for at, count in course[name] if at <= marks["end"]]
        corners = steps(changes, marks["end"])
        return [(x(at), bottom - HEIGHT * count / most_pods) for at, count in corners]

    lost = []
    if "stopped" in marks:
        begin, width = x(marks["stopped"]), x(marks["back"]) - x(marks["stopped"])
        lost = [
            f'<rect x="{begin:.1f}" y="{top}" width="{width:.1f}" height="{HEIGHT}" fill="{LOST}"/>',
            tick(begin + width / 2, top + 14, "no Prometheus"),
        ]
    return [
        *lost,
        tick(LEFT, top - 8, title, "start", "#000000"),
        f'<path d="M{LEFT} {top}V{bottom}H{LEFT + WIDTH}V{top}" fill="none" stroke="#888888"/>',
        line(pods("stored"), STORED, 2, "4 3"),
        line(pods("ready"), READY),
        line(rates("sent_a_second"), SENT),
        line(rates("failed_a_second"), FAILED),
        *(tick(x(60 * m), bottom + 16, f"{m} min") for m in range(int(end // 60) + 1)),
        *(tick(LEFT - 6, bottom - HEIGHT * v / most_rate + 4, str(v), "end") for v in ticks(most_rate)),
        *(
            tick(LEFT + WIDTH + 6, bottom - HEIGHT * v / most_pods + 4, str(v), "start")
            for v in range(int(most_pods) + 1)
        ),
    ]
