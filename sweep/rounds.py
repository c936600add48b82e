"""The sweep: the story undisturbed, again to see it is the same twice, then each write with each fault."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sweep.errors import NothingStruck, NotTheSame, StepFailed, SweepError
from sweep.proxy import Fault, Strike
from sweep.state import differences, goes_back
from sweep.story import Subject
from sweep.trial import Outcome, Run, Site, Trial
from sweep.writes import Change, Point, Rules

FAULTS = (Fault.KILL, Fault.DROP)
TRIES = 3
"""A status that depends on when the operator looks is written once less in some runs; others may have it."""
Tell = Callable[[str], None]
Choose = Callable[[Sequence[Point]], Sequence[Point]]


@dataclass(frozen=True)
class Verdict:
    """What one trial was found to be: no violations, or each on lines of its own."""

    trial: Trial
    reached: bool
    """The write that was to be struck did come, in one of the tries."""
    violations: Sequence[str]
    seconds: float
    needed: bool = True
    """Its write is one that each run has: of events there may be one less, and of others that the second
    undisturbed run did not have."""

    def __str__(self) -> str:
        found = f"{len(self.violations)} violations" if self.violations else "the same"
        return f"{self.trial}: {found if self.reached else 'not reached'} ({self.seconds:.0f} s)"


@dataclass(frozen=True)
class Sweep:
    """All of it."""

    points: Sequence[Point]
    counts: dict[str, int]
    verdicts: Sequence[Verdict]

    @property
    def violations(self) -> list[str]:
        """Each with its trial."""
        return [f"{one.trial}: {line}" for one in self.verdicts for line in one.violations]

    @property
    def not_reached(self) -> list[str]:
        """The trials whose write never came, though each run has it: nothing is known of them."""
        return [str(one.trial) for one in self.verdicts if one.needed and not one.reached]


async def sweep(
    subject: Subject,
    site: Site,
    faults: Sequence[Fault] = FAULTS,
    *,
    choose: Choose = lambda points: points,
    two_at_once: bool = False,
    at_once: int = 1,
    tell: Tell = lambda line: None,
) -> Sweep:
    """Make it; raises StepFailed, NothingStruck or NotTheSame where the undisturbed story says nothing.

    `choose` leaves out writes; `two_at_once` adds a run with two replicas; so many runs as `at_once` says are
    under way together.
    """
    prefix = f"sweep-{secrets.token_hex(3)}"  # all names as long: what is written may be wrapped
    expected = await Run(subject, site, f"{prefix}-0-000", Trial(), None).outcome()
    if expected.failed:
        raise StepFailed(
            f"the story fails undisturbed: {expected.failed}; see {site.folder}/{prefix}-0-000-0.log"
        )
    tell(f"undisturbed: {len(expected.writes)} writes in {expected.seconds:.0f} s")
    points = choose([one.point for one in expected.writes if subject.steps[one.step].swept])
    if faults and not points:
        raise NothingStruck(
            f"none of {len(expected.writes)} writes is in a step that is struck: does the operator watch the "
            f"run's namespace, and do the steps wait for it? see {site.folder}/{prefix}-0-000-0.log"
        )
    again = await Run(subject, site, f"{prefix}-1-000", Trial(), expected).outcome()
    if (same := judged(Trial(), expected, again)).violations:
        raise NotTheSame("two undisturbed runs differ:\n" + "\n".join(same.violations))
    tell(str(same))
    may_lack = not_in_each(expected, again, subject.rules)
    if faults and not {one.point for one in again.writes}.intersection(points):
        raise NotTheSame(
            "two undisturbed runs have no write in common: are the names of its objects made up?"
        )
    trials = list(_trials(points, faults, two_at_once))
    slots = asyncio.Semaphore(at_once)

    async def tried(number: int, trial: Trial) -> Verdict:
        async with slots:
            for attempt in range(1, TRIES + 1):
                run = Run(subject, site, f"{prefix}-{attempt}-{number:03}", trial, expected)
                verdict = judged(trial, expected, await run.outcome(), may_lack)
                tell(f"{number} of {len(trials)} {verdict}")
                if verdict.reached or verdict.violations:
                    break
        return verdict

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(tried(*one)) for one in enumerate(trials, start=1)]
    except* SweepError as found:
        raise found.exceptions[0] from None
    return Sweep(points, dict(expected.counts), [same, *(task.result() for task in tasks)])


def _trials(points: Sequence[Point], faults: Sequence[Fault], two_at_once: bool) -> Iterator[Trial]:
    if two_at_once:
        yield Trial(replicas=2)
    for point in points:
        for fault in faults:
            yield Trial(Strike(point, fault), replicas=2 if fault is Fault.LATE else 1)


def not_in_each(expected: Outcome, again: Outcome, rules: Rules) -> set[Point]:
    """Return the writes of the undisturbed run that another one may lack: of a status there may be one more,
    by how it came together in time."""
    in_both = {one.point for one in again.writes}
    return {
        one.point for one in expected.writes if one.resource in rules.uncounted or one.point not in in_both
    }


def judged(
    trial: Trial, expected: Outcome, found: Outcome, may_lack: Container[Point] = frozenset()
) -> Verdict:
    """Compare a run with the undisturbed one. `may_lack`: writes that not each run has."""
    reached = trial.strike is None or found.struck
    violations = list(_violations(expected, found, _made_late(trial, expected)))
    needed = trial.strike is None or trial.strike.point not in may_lack
    return Verdict(trial, reached, violations, found.seconds, needed)


def _made_late(trial: Trial, expected: Outcome) -> Counter[str]:
    """How many of each resource a late write makes once more, and whoever sent it, once it is answered: it
    goes on with what it saw in that write's step, and nothing tells it what was made in it since, did its
    work and went. That is no mistake as long as it goes, too."""
    strike = trial.strike
    late = strike.point if strike is not None and strike.fault is Fault.LATE else None
    step = next((one.step for one in expected.writes if one.point == late), None)
    made = (one for one in expected.writes if one.change is Change.CREATED)
    return Counter(one.resource for one in made if one.step == step)


def _violations(expected: Outcome, found: Outcome, made_late: Mapping[str, int]) -> Iterator[str]:
    if found.failed:
        yield f"step {found.failed}"
    for number, (was, is_) in enumerate(zip(expected.states, found.states, strict=False), start=1):
        for line in differences(was, is_):
            yield f"after step {number}: {line}"
    for what in sorted(expected.counts.keys() | found.counts.keys()):
        was_, is_now = expected.counts.get(what, 0), found.counts.get(what, 0)
        once_more = was_ <= is_now <= was_ + made_late.get(what.partition(" ")[0], 0)
        if was_ != is_now and not found.failed and not once_more:
            yield f"{what}: {is_now}, was to be {was_}"
    for field, values in found.histories.items():
        if goes_back(expected.histories.get(field, ()), values):
            yield f"{field}: was {values}, was to be {list(expected.histories.get(field, ()))}"
    for code in found.ends:
        yield f"the operator ended by itself, with {code}"
