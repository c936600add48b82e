"""The section of docs/benchmarks.md on the article's setting, and its plot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hack.generated import ROOT
from hack.generated.benchmark_table import Result, percent, table
from hack.generated.picture import tick, ticks

PLOT = ROOT / "docs" / "images" / "article-burst.svg"
PLOTTED = "H100"
WIDTH, HEIGHT, LEFT, TOP = 640, 220, 46, 28
VARIANT_HEAD = (
    *("", "answered", "in time", "within 210 ms", "mean ms", "P95 ms", "minutes down"),
    *("refused", "failed", "replica hours", "least availability budget left in 30 days"),
)
INTRODUCTION = """\
Three months of ten pods with a holiday of three times the load, pods that crash and nodes that are lost:
simulated request by request around everything that happens, by sampled hours in between (the simulator is
benchmarks/article/). Times of requests and starts were measured; who takes what is decided by the runtime's
own admission, what is repeated by the operator's own traffic policy, what is attained by the operator's own
arithmetic. Each mechanism is switched off in turn, under the same requests and faults. "In time" is within
the threshold; what was refused or failed was not. A second is down in which fewer than half of the requests
that came were answered. None of the assumed faults takes all pods at once; the article does not say what its
minutes were.
"""


def article(figures: Result) -> list[str]:
    """The whole section."""
    parts = ["## The article's setting, simulated\n", INTRODUCTION]
    for name, machine in figures["machines"].items():
        parts += [*of_machine(name, machine, figures["published"])]
    parts.append(f"![The first minutes of the holiday](images/{PLOT.name})\n")
    parts += ["The simulation beside the measured server, open loops of the section Under load:\n"]
    parts.append(validation(figures["validation"]))
    parts.append("Assumed, and read nowhere:\n")
    parts.append(
        "\n".join(f"- {one['name']} {shown(one['value'])}: {one['words']}." for one in stated(figures))
    )
    parts.append("\n".join(f"- {words}" for words in figures["simplified"]) + "\n")
    starts = ", ".join(f"{name.replace('_', ' ')} {value:.1f} s" for name, value in figures["starts"].items())
    parts.append(f"Measured: starts ({starts}) and times of requests, from\n")
    parts.append("\n".join(f"- {one}" for one in sources(figures)) + "\n")
    return parts


def stated(figures: Result) -> Sequence[Result]:
    """What is assumed; not what was measured in its place."""
    measured = figures["starts"]["fresh_pod"]
    return [one for one in figures["assumptions"] if one["name"] != "fresh_pod" or one["value"] == measured]


def sources(figures: Result) -> Iterator[str]:
    """Which results, of which commits."""
    yield from figures["sources"]
    for name, machine in figures["machines"].items():
        yield from (f"{name}: {one}" for one in machine["sources"])


def shown(value: float) -> str:
    """A number without needless digits."""
    return f"{value:g}"


def of_machine(name: str, machine: Result, published: Result) -> Iterator[str]:
    """One kind of pod."""
    yield f"### Pods of {name}\n"
    faults = ", ".join(f"{kind} {count}" for kind, count in machine["faults"].items())
    yield (
        f"{machine['words']}; a request takes {machine['service_mean_ms']:.0f} ms on average and "
        f"{machine['service_p95_ms']:.0f} ms at P95 on an idle pod, {machine['crowded']:.2f} times as long "
        f"where all workers are busy; a pod answers {machine['capacity_a_second']:.1f} a second at most. "
        f"Usual peak: {machine['peak_a_second']:.0f} requests a second. "
        f"Promised: 95 % within {machine['threshold_ms']} ms. "
        f"Faults: {faults}.\n"
    )
    article_row = (
        *("the article", "", f"{published['attained_percent']} %", "", f"{published['mean_ms']}"),
        *(f"below {published['p95_ms']}", f"{published['down_minutes']}", "", "", "", ""),
    )
    rows = [article_row, *(variant(each, row) for each, row in machine["variants"].items())]
    yield table(VARIANT_HEAD, rows)
    yield "The first 15 minutes of the holiday, whose load triples within one:\n"
    yield table(
        ("", "requests", "refused", "failed", "P95 ms", "last one not answered after"),
        [(each, *burst(row)) for each, row in machine["bursts"].items()],
    )


def variant(name: str, row: Result) -> tuple[str, ...]:
    """One variant's cells."""
    objectives = row["objectives"]
    budget = objectives["availability"]["worst_30_days_budget_left_percent"]
    return (
        name,
        f"{row['answered_percent']:.4f} %",
        f"{objectives['latency']['attained_percent']:.2f} %",
        f"{row['in_article_time_percent']:.1f} %",
        f"{row['mean_ms']:.0f}",
        f"{row['p95_ms']:.0f}",
        f"{row['down_minutes']:.1f}",
        f"{row['refused']}",
        f"{row['bad']}",
        f"{row['replica_hours']:.0f}",
        f"{budget:.0f} %",
    )


def burst(row: Mapping[str, float]) -> tuple[str, ...]:
    """One variant's cells for the burst."""
    return (
        f"{row['requests']:.0f}",
        f"{row['refused']:.0f}",
        f"{row['bad']:.0f}",
        f"{row['p95_ms']:.0f}",
        f"{row['last_failure_after_seconds']} s",
    )


def validation(rows: Sequence[Result]) -> str:
    """Measured, and simulated."""
    head = ("load", "answered a second", "median s", "P95 s", "refused")

    def cells(row: Result) -> Iterator[str]:
        yield f"{row['factor']} x capacity"
        for name in ("answered_a_second", "median_seconds", "p95_seconds"):
            yield f"{row['measured'][name]:.2f}, simulated {row['simulated'][name]:.2f}"
        refused = [percent(row[of]["refused_share"], ".1f") for of in ("measured", "simulated")]
        yield f"{refused[0]}, simulated {refused[1]}"

    return table(head, [tuple(cells(row)) for row in rows])


def plot(figures: Result) -> str:
    """The burst as a picture: what came, what of it was not answered, and how many pods were ready."""
    line = figures["machines"][PLOTTED]["burst_timeline"]
    step, came, failed, pods = (
        line[name] for name in ("step_seconds", "arrived_a_second", "failed_a_second", "pods")
    )
    most_rate, most_pods = 1.1 * max(came), 1.1 * max(pods)
    right, bottom = LEFT + WIDTH, TOP + HEIGHT

    def path(values: Sequence[float], most: float) -> str:
        across = WIDTH / max(1, len(values) - 1)
        points = (
            f"{LEFT + across * place:.1f},{bottom - HEIGHT * value / most:.1f}"
            for place, value in enumerate(values)
        )
        return " ".join(points)

    minutes = range(0, len(came) * step // 60 + 1, 3)
    texts = [
        *(
            tick(LEFT + WIDTH * 60 * m / (step * max(1, len(came) - 1)), bottom + 16, f"{m} min")
            for m in minutes
        ),
        *(tick(LEFT - 6, bottom - HEIGHT * v / most_rate + 4, str(v), "end") for v in ticks(most_rate)),
        *(tick(right + 6, bottom - HEIGHT * v / most_pods + 4, str(v), "start") for v in ticks(most_pods)),
        tick(LEFT, 16, "requests a second", "start", "#1f5fa8"),
        tick(LEFT + 150, 16, "of them not answered", "start", "#c0392b"),
        tick(right, 16, "pods that are ready (right)", "end", "#2e7d32"),
    ]
    form = f'viewBox="0 0 {right + 40} {bottom + 26}" width="{right + 40}" font-family="sans-serif"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {form} font-size="12">',
            f'<rect width="{right + 40}" height="{bottom + 26}" fill="#ffffff"/>',
            f'<path d="M{LEFT} {TOP}V{bottom}H{right}V{TOP}" fill="none" stroke="#888888"/>',
            f'<polyline points="{path(came, most_rate)}" fill="none" stroke="#1f5fa8" stroke-width="2"/>',
            f'<polyline points="{path(failed, most_rate)}" fill="none" stroke="#c0392b" stroke-width="2"/>',
            f'<polyline points="{path(pods, most_pods)}" fill="none" stroke="#2e7d32" stroke-width="2"/>',
            *texts,
            "</svg>\n",
        ]
    )
