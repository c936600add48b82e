"""docs/reference/gate.md: what the canary gate proves, and how rollouts ended that were simulated."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from hack.generated import ROOT
from hack.generated.benchmark_table import Result, percent, table
from paddle_operator.rollout.gate.proof import least_first_weight, wanted
from paddle_operator.rollout.gate.settings import Gate, Objective
from paddle_operator.simulation.own import ROLLOUT
from paddle_operator.simulation.recorded import replayed
from paddle_operator.simulation.table import RATES, RULES, TARGETS
from paddle_operator.simulation.world import HEALTHY, SCENARIOS, Ending

PAGE = ROOT / "docs" / "reference" / "gate.md"
TEXT = ROOT / "hack" / "generated" / "gate_page.md"
RESULT = ROOT / "benchmarks" / "results" / "gate.json"
OWN = "paddle-sla"
RULE_NAMES = {
    OWN: "paddle-sla",
    "flagger": "Flagger, 1m x 10",
    "flagger-10s": "Flagger, 10s x 1",
    "argo": "Argo Rollouts, 5m x 4",
    "argo-5s": "Argo Rollouts, 5s x 1",
    "ome": "OME, 25 % for 10m",
}
SHOULD_PASS, SHOULD_FAIL = ("healthy", "at-budget", "shared"), ("bad", "broken", "late")
RECORDED = (
    '{"t": 15, "step_weight": 5, "objectives": {"up": {"canary": [14, 0], "stable": [286, 1]}}}',
    '{"t": 30, "step_weight": 5, "objectives": {"up": null}}',
    '{"t": 45, "step_weight": 5, "objectives": {"up": {"canary": [16, 5], "stable": [284, 0]}}}',
)


def files() -> dict[Path, str]:
    """Return the page: its text, with the tables that the code makes."""
    makers = (proof, replay, seen, made, lacking, results, worse)
    parts = {make.__name__: make() for make in makers}
    page = TEXT.read_text(encoding="utf-8")
    for name, lines in parts.items():
        page = page.replace(f"<!-- {name} -->\n", "\n".join(lines))
    return {
        PAGE: f"<!-- Made by `make generate` from hack/generated/gate_page.md; do not edit. -->\n\n{page}"
    }


def proof() -> Iterator[str]:
    """What has to be asked of a canary, and how long that takes."""
    rows = []
    for target in TARGETS:
        budget = 1 - Fraction(target) / 100
        gate = Gate((Objective("o", budget),), len(ROLLOUT.steps))
        clean, usual = wanted(gate), wanted(gate, {"o": budget * HEALTHY})
        found = [least_first_weight(usual, ROLLOUT.steps, Fraction(rate)) for rate in RATES]
        rows.append(
            (
                f"{target} %",
                f"{clean.to_pass}; {usual.to_pass}",
                f"{clean.to_prove}; {usual.to_prove}",
                *(
                    f"{one.seconds / 60:.0f} min from {one.weights[0]} %"
                    + ("" if one.fits else ": ProofNotReachable")
                    for one in found
                ),
            )
        )
    head = ("target", "a step", "the proof", *(f"at {rate} requests/s" for rate in RATES))
    yield table(head, rows)


def replay() -> Iterator[str]:
    """A recorded canary, judged again; one line of what is said in full."""
    gate = Gate((Objective("up", Fraction(1, 100)),), len(ROLLOUT.steps))
    yield "```json\n" + "\n".join(RECORDED) + "\n```\n"
    said = list(replayed(gate, ROLLOUT, RECORDED))
    rows = [
        (
            f"{one['t']}",
            one["finding"],
            one["action"],
            *(f"{one['objectives'][0][name]:.3g}" for name in ("absolute", "relative", "proof")),
        )
        for one in said
    ]
    yield table(("t", "finding", "action", "absolute", "relative", "proof"), rows)


def seen() -> Iterator[str]:
    """How often what should not be rolled back was."""
    said = []
    for scenario in SHOULD_PASS:
        rows = [row for (name, _, _, rule), row in found().items() if (name, rule) == (scenario, OWN)]
        total = sum(row["rollouts"] for row in rows)
        said.append(f"{sum(row['rolledBack'] for row in rows)} of {total:,} of `{scenario}`")
    yield f"Rolled back on evidence were {', '.join(said)}.\n"


def made() -> Iterator[str]:
    """Of which commits the tables are, and on what they were made, as far as that is known."""
    parts: dict[str, dict[str, list[str]]] = {}
    for rule, scenarios in json.loads(RESULT.read_text(encoding="utf-8"))["made"].items():
        for scenario, of in scenarios.items():
            parts.setdefault(provenance(of), {}).setdefault(RULE_NAMES[rule], []).append(scenario)
    for said, rules in parts.items():
        yield f"- {'; '.join(part(rule, scenarios) for rule, scenarios in rules.items())}: {said}\n"


def part(rule: str, scenarios: Sequence[str]) -> str:
    """`paddle-sla`, or `late, bad of paddle-sla`."""
    return rule if len(scenarios) == len(SCENARIOS) else f"{', '.join(scenarios)} of {rule}"


def provenance(of: Result) -> str:
    """`commit 0a1b2c3d4e5f, 2026-11-27, 2 CPUs (such)`."""
    said, machine = [f"commit {of['commit'][:12]}"], of.get("machine")
    if "finished" in of:
        said.append(of["finished"][:10])
    said.append(f"{machine['cpus']} CPUs ({machine['cpu']})" if machine else "the machine was not noted")
    return ", ".join(said)


def lacking() -> Iterator[str]:
    """Whose rule is simulated, and has not been since it is."""
    names = [name for rule, name in RULE_NAMES.items() if rule not in simulated(found())]
    if names:
        yield f"\nNot in the tables below before `make test-long` is run again: {'; '.join(names)}.\n"


def simulated(cells: Iterable[tuple[str, str, int, str]]) -> list[str]:
    """The rules of which there is every cell, in order."""
    there = set(cells)
    every = [(scenario, target, rate) for scenario in SCENARIOS for target in TARGETS for rate in RATES]
    return [rule for rule in RULES if all((*cell, rule) in there for cell in every)]


def results() -> Iterator[str]:
    """A table for each scenario."""
    cells = found()
    rules = simulated(cells)
    for scenario, meaning in SCENARIOS.items():
        rollouts = cells[scenario, TARGETS[0], RATES[0], OWN]["rollouts"]
        yield f"### {scenario}: {meaning.meaning}, {rollouts:,} rollouts a cell\n"
        rows = [
            (
                f"{target} %",
                str(rate),
                *(ending(cells[scenario, target, rate, rule]) for rule in rules),
            )
            for target in TARGETS
            for rate in RATES
        ]
        yield table(("target", "requests/s", *(RULE_NAMES[rule] for rule in rules)), rows)


def ending(row: Result) -> str:
    """`promoted 99.8 %, unproven 0.2 %; 6 min; 8`."""
    parts = ", ".join(
        f"{one.name.lower().replace('_', ' ')} {percent(row[one.value] / row['rollouts'], '.3g')}"
        for one in Ending
        if row[one.value]
    )
    minutes = "" if row["medianMinutes"] is None else f"; {row['medianMinutes']:.3g} min"
    return f"{parts}{minutes}; {row['medianCallersHit']:g}"


def worse() -> Iterator[str]:
    """Where somebody else's rule does better: more of the good promoted, or fewer callers of the bad hit."""
    cells = found()
    rivals_of = [rule for rule in simulated(cells) if rule != OWN]
    for scenario in (*SHOULD_PASS, *SHOULD_FAIL):
        for target in TARGETS:
            for rate in RATES:
                own = cells[scenario, target, rate, OWN]
                rivals = [
                    RULE_NAMES[rule]
                    for rule in rivals_of
                    if better(cells[scenario, target, rate, rule], own, scenario)
                ]
                if rivals:
                    yield f"- {scenario} at {target} %, {rate} requests/s: {' and '.join(rivals)}"
    yield ""


def better(rival: Result, own: Result, scenario: str) -> bool:
    """Differences of less than 1 % of the rollouts, or of less than one caller, are none. A rule that
    promotes more of the bad is not better by failing fewer callers before."""
    least = own["rollouts"] / 100
    if scenario in SHOULD_PASS:
        return bool(rival["promoted"] > own["promoted"] + least)
    if rival["promoted"] > own["promoted"] + least:
        return False
    fewer = rival["medianCallersHit"] < own["medianCallersHit"] - 0.5
    return bool(fewer or rival["rolledBack"] > own["rolledBack"] + least)


def found() -> dict[tuple[str, str, int, str], Result]:
    """What `make test-long` found, by cell."""
    rows: Sequence[Result] = json.loads(RESULT.read_text(encoding="utf-8"))["cells"]
    return {
        (row["scenario"], row["targetPercent"], row["requestsPerSecond"], row["rule"]): row for row in rows
    }
