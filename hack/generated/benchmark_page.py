"""docs/benchmarks.md from benchmarks/results/: every figure of it comes out of a file, none by hand."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hack.generated import ROOT, scaling_page
from hack.generated.article_page import PLOT, article, plot
from hack.generated.benchmark_table import Result, percent, spread, summary, table
from hack.generated.peers_rollout_page import peers_rollout
from hack.generated.rollback_page import rollback
from hack.generated.takeover_page import takeover

PAGE = ROOT / "docs" / "benchmarks.md"
RESULTS = ROOT / "benchmarks" / "results"
STRATA = ("lines", "receipts", "pages", "photos", "all")
INTRODUCTION = """\
# Benchmarks

Made from benchmarks/results/ by `make generate`; the instruments are in benchmarks/. How each is run, and for
how long, stands at the top of its file.

- Pictures: benchmarks/corpus.py, 200 in four strata with exact text, of one hash.
- Errors: benchmarks/text_error.py, edit distance over the length of the truth. Loose: without spaces,
  full-width signs equal to plain ones.
- calls: the predictor alone, replayed on the inputs that the pictures led to. pipeline: from bytes to text,
  without HTTP. served: over HTTP. calibrated: the bundle after `bench --learn-buckets --calibrate` on this
  machine with 40 pictures of the corpus, which took bfloat16. processes: as many as CPUs, one thread each.
  tuned: the fastest that was found; PaddleX's reads worse for it than as shipped.
- Every row does the same pictures in a round; rounds are interleaved, and a ratio is taken within a round.
- CPU is the share of all CPUs that the row used. Below 95 % it was held up: by the machine's other work (the
  column beside it), or by itself.
"""


def files() -> dict[Path, str]:
    """The page, and the plot in it."""
    results = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in RESULTS.glob("*.json")}
    drawn = {"article": (PLOT, plot), "scaling": (scaling_page.PLOT, scaling_page.plot)}
    plots = {path: draw(results[name]["figures"]) for name, (path, draw) in drawn.items() if name in results}
    return {PAGE: page(results), **plots}


def page(results: Mapping[str, Result]) -> str:
    """The page of these results; what was not measured is not there."""
    parts = [INTRODUCTION]
    makers: Mapping[str, Callable[[Result], list[str]]] = {
        "compare_best": partial(comparison, "## Limits, and the best row of each rival\n"),
        "compare": partial(comparison, "## Every row\n"),
        "overload": load,
        "endurance": endurance,
        "memory": memory,
        "gpu": device,
        "dynamic_static": branches,
        "takeover": takeover,
        "rollback": rollback,
        "peers_rollout": peers_rollout,
        "scaling": scaling_page.scaling,
        "article": article,
    }
    for name, make in makers.items():
        if name in results:
            parts += [*make(results[name]["figures"]), measured(results[name])]
    return "\n".join(parts)


def measured(result: Result) -> str:
    """Of which commit, when, on what."""
    machine = result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    load = ", ".join(f"{each:.1f}" for each in machine["load_average_at_end"])
    said = (
        f"Commit {result['commit'][:12]}, {result['finished'][:16]}",
        f"{machine['cpus']} CPUs ({machine['cpu']})",
        f"load average at the end {load}. {versions}.\n",
    )
    return ", ".join(said)


def comparison(heading: str, figures: Result) -> list[str]:
    """Speed, errors, ratios."""
    rows = figures["rows"]
    head = ("row", "pictures a second", "CPU s a picture", "CPU", "others' CPU", "MiB")
    speed = [
        (
            name,
            spread(row["pictures_a_second"]),
            spread(row["cpu_seconds_a_picture"], ".3f"),
            percent(row["cpu_share"]["median"]) + ("" if row["cpu_enough"] else " (held up)"),
            percent(row["others_cpu_share"]["median"]),
            f"{row['resident_mib']:.0f}",
        )
        for name, row in rows.items()
    ]
    wrong = [
        (name, *(error(row["errors"].get(stratum)) for stratum in STRATA))
        for name, row in rows.items()
        if row["errors"]
    ]
    return [
        heading,
        (
            f"{figures['rounds']} rounds of {figures['pictures_a_round']} pictures; "
            f"{figures['calibrated_with']} of them are among those that calibration saw.\n"
        ),
        table(head, speed),
        "Errors, strict (loose):\n",
        table(("row", *STRATA), wrong),
        "Ratios of pictures a second:\n",
        table(("ratio", "median (least to most)"), [(n, spread(r)) for n, r in figures["ratios"].items()]),
    ]


def error(found: Mapping[str, float] | None) -> str:
    """Strict, and loose behind it."""
    return "" if found is None else f"{percent(found['rate'], '.2f')} ({percent(found['loose_rate'], '.2f')})"


def load(figures: Result) -> list[str]:
    """Closed and open loops."""
    head = ["load", "answered a second", "good a second", "median s", "P95 s", "refused", "late", "failed"]
    head += ["generator CPU", "little off by"]
    rows = [(f"{callers} callers", *load_row(row)) for callers, row in figures["closed"].items()]
    rows += [(f"{factor} x capacity", *load_row(row)) for factor, row in figures["open"].items()]
    over = figures["overload"]
    began = (
        f"{figures['seconds_each']:.0f} s each; capacity is {figures['capacity_a_second']:.2f} pictures a "
        f"second; open loops have a deadline of {figures['deadline_ms']} ms from when a request was due.\n"
    )
    inside = "inside" if over["p95_of_accepted_inside_deadline"] else "NOT inside"
    accounted = "" if over["every_request_answered_or_refused"] else "NOT "
    ended = (
        f"At the heaviest load goodput is {percent(over['kept_of_peak'])} of its best"
        f"{in_characters(over)}. P95 of what was accepted is {inside} the deadline; every request was "
        f"{accounted}answered or refused.\n\nGood is an answer inside the deadline with at most 10 % of its "
        "characters wrong. What cannot be done in time is refused, and that is more often a dense page than "
        "a line: under overload more pictures a second are answered than capacity says, and cheaper ones.\n"
    )
    return ["## Under load\n", began, table(head, rows), ended]


def in_characters(over: Result) -> str:
    """The same by what the answered pictures hold, where it was measured."""
    kept = over.get("kept_of_peak_in_characters")
    return "" if kept is None else f", by the characters read {percent(kept)}"


def load_row(row: Result) -> tuple[str, ...]:
    """The cells of one load."""
    outcomes, latency, steady = row["outcomes"], row["latency_seconds"], row["steady"]
    little = percent(steady["little_off_by"], ".1f") + ("" if steady["valid"] else " (invalid)")
    return (
        f"{row['answered_a_second']:.2f}",
        f"{row['good_a_second']:.2f}" if "good_a_second" in row else "",
        *(f"{latency[name]:.2f}" if name in latency else "" for name in ("median", "p95")),
        *(str(outcomes.get(name, 0)) for name in ("refused", "late", "failed")),
        percent(row["generator"]["share_of_one_cpu"], ".1f"),
        little,
    )


def endurance(figures: Result) -> list[str]:
    """Memory and small things."""
    probe, bundle = figures["probe_seconds"], figures["bundle_bytes"]
    rows = [
        ("ready after process start", f"{figures['ready_seconds']:.2f} s"),
        (
            "a picture of one line, 48 x 320, alone",
            f"{1000 * figures['line_48x320_seconds']['median']:.1f} ms median",
        ),
        (
            "liveness probe at full load",
            f"P99 {1000 * probe['p99']:.1f} ms of {probe['n']}, {figures['failed_probes']} failed",
        ),
        ("bundle", f"{bundle['all'] / 1e6:.1f} MB, its programs {bundle['programs'] / 1e6:.1f} MB"),
    ]
    return ["## Over time\n", looked_at(figures), table(("what", "how much"), rows + workers(figures))]


def memory(figures: Result) -> list[str]:
    """Memory alone, from a machine that did other things, too."""
    said = "Beside other work, which does not change what is measured here: "
    return ["## Memory over time\n", said + looked_at(figures), table(("what", "how much"), workers(figures))]


def looked_at(figures: Result) -> str:
    """What was done meanwhile."""
    answered = figures["answered"].get("answered", 0)
    return f"{answered} pictures of all sizes in {figures['minutes']:.1f} minutes, two callers a worker.\n"


def workers(figures: Result) -> list[tuple[str, str]]:
    """Resident memory of each; proportional: what workers share counted once, as a pod is charged."""
    rows = []
    for number, worker in enumerate(figures["memory"]):
        most = f"at most {worker['most_mib']:.0f} MiB"
        if "most_proportional_mib" in worker:
            most += f" ({worker['most_proportional_mib']:.0f} proportional)"
        slope = f"{worker['slope_mib_a_minute']:+.2f} MiB a minute"
        rows.append(
            (f"memory of worker {number}", f"{most}, {slope} over the last {worker['minutes']:.1f} minutes")
        )
    return rows


def device(figures: Result) -> list[str]:
    """Pages on a GPU: every row's rounds at every number of callers."""
    head = ("row", "callers", "pages a second", "median s", "P95 s", "device busy", "CPUs used")
    rows = [
        (
            name,
            callers,
            spread(summary([each["pages_a_second"] for each in rounds]), ".1f") + invalid(rounds),
            *(f"{middle(rounds, 'steady', 'latency_seconds', which):.2f}" for which in ("median", "p95")),
            f"{middle(rounds, 'device', 'busy_percent'):.0f} %",
            f"{middle(rounds, 'cpus_used'):.1f}",
        )
        for name, by_callers in figures["rows"].items()
        for callers, rounds in by_callers.items()
    ]
    said = (
        f"{figures['gpu']}. Closed loops of {figures['seconds_each']:.0f} s over the corpus, through HTTP, "
        'in onnxruntime\'s GPU build; "together" is how many requests a worker takes into one batch.\n'
        "Not run: TensorRT, half precision, Paddle's own GPU engine, NPU and MLU.\n"
    )
    return ["## On a GPU\n", said, table(head, rows)]


def invalid(rounds: Sequence[Result]) -> str:
    """How many rounds were too short for their callers: clients = latency x throughput is off by over 3 %."""
    count = sum(not each["steady"]["valid"] for each in rounds)
    return f", {count} of {len(rounds)} invalid" if count else ""


def branches(figures: Result) -> list[str]:
    """A program with a branch on the input's shape against the same without."""
    head = ("program", "engine", "how many times as fast as the layer it was exported from, by input")
    rows = [
        (kind, engine, ", ".join(f"{each:.2f}" for each in by_input))
        for kind in ("branch", "narrow", "wide")
        for engine, by_input in figures[kind]["dynamic_to_static_ratio"].items()
    ]
    out = [
        f"- {kind}, {engine}: {why.split(': [')[0]}"
        for kind in ("branch", "narrow", "wide")
        for engine, why in figures[kind].get("out", {}).items()
    ]
    said = (
        f"The article's DocRecognizer on {figures['backbone']}: `branch` has both sides of its branch, at "
        f"{', '.join(figures['branch']['inputs'])}; `narrow` and `wide` were exported for one size alone.\n"
    )
    return ["## A layer and what was exported from it\n", said, table(head, rows), "\n".join(out) + "\n"]


def middle(rounds: Sequence[Result], *path: str) -> float:
    """The median over rounds of a figure that lies that deep."""
    found = []
    for each in rounds:
        value: Any = each
        for name in path:
            value = value[name]
        found.append(float(value))
    return statistics.median(found)
