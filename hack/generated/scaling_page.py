"""The section of docs/benchmarks.md on pods that follow a burst, and its picture."""

from __future__ import annotations

from hack.generated import ROOT
from hack.generated.benchmark_table import Result, table
from hack.generated.picture import line, steps, tick, ticks

PLOT = ROOT / "docs" / "images" / "scaling.svg"
WIDTH, HEIGHT, LEFT, TOP, BETWEEN = 640, 170, 46, 52, 62
SENT, FAILED, STORED, READY, LOST = "#1f5fa8", "#c0392b", "#7a7a7a", "#2e7d32", "#f6e3c5"
PANELS = (("burst", "a burst of three times the load"), ("outage", "the same, with Prometheus stopped"))
STRETCHES = (
    ("before", "before"),
    ("following", "while pods follow"),
    ("followed", "with the pods"),
    ("down", "on the way down"),
)


def scaling(figures: Result) -> list[str]:
    """What was asked for, who was refused and when, every number stored."""
    said = (
        f"The small Tensor model with {figures['cpu_a_pod']} of a CPU for each pod, behind the embedded "
        f"cluster's gateway, scaled by KEDA at {figures['target']} requests a second for each pod. The load "
        f"is an open loop of {figures['steady_a_second']:g} requests a second, then "
        f"{figures['burst_a_second']:g}, then {figures['steady_a_second']:g} again. A watch records every "
        "number of replicas that the API server stored; the cluster shares its cores with the load.\n"
    )
    courses = [(title, figures[name]) for name, title in PANELS]
    rows = [
        ("requests", *(str(course["requests"]) for _, course in courses)),
        *(
            (f"refused {title}", *(refused(course, name) for _, course in courses))
            for name, title in STRETCHES
        ),
        ("refused attempts in Prometheus", *(counted(course) for _, course in courses)),
        ("slowest answer", *(f"{course['slowest_seconds']:.1f} s" for _, course in courses)),
        ("burst until three pods were ready", *(following(course) for _, course in courses)),
        ("numbers stored", *(stored(course) for _, course in courses)),
    ]
    handed = figures["hand_over"]
    over = (
        "From three fixed pods to a scaler and back to none, in "
        f"{handed['seconds']:.0f} s: stored {stored(handed)}.\n"
    )
    picture = f"![Requests, pods, and a Prometheus that is stopped](images/{PLOT.name})\n"
    return [
        "## Pods that follow the load\n",
        said,
        table(("", *(t for t, _ in courses)), rows),
        over,
        picture,
    ]


def refused(course: Result, stretch: str) -> str:
    """How many were not answered, and how."""
    bad = course["refused_or_failed"][stretch]
    return ", ".join(f"{count} x {result}" for result, count in bad.items()) or "0"


def counted(course: Result) -> str:
    """Where it was asked; a gateway's repetitions are attempts, too."""
    return f"{course['counted_as_refused']:.0f}" if "counted_as_refused" in course else ""


def following(course: Result) -> str:
    """Seconds, as the service's status says."""
    return f"{course['marks']['followed'] - course['marks']['burst']:.0f} s"


def stored(course: Result) -> str:
    """One after the other."""
    return ", ".join(str(number) for _, number in course["stored"])


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
