"""One run of the story: a namespace, the proxy, the operator behind it, step after step, the outcome."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from sweep.access import Access, ask
from sweep.follow import following
from sweep.proxy import Fault, Proxy, Strike
from sweep.replica import Replica
from sweep.state import State, state_of
from sweep.story import Subject, path_of
from sweep.writes import Write, counts

_POLL_SECONDS = 0.3


@dataclass(frozen=True)
class Site:
    """Where it runs: with all rights, as the operator, and the folder for its logs."""

    admin: Access
    operator: Access
    folder: Path


@dataclass(frozen=True)
class Trial:
    """What is done to one run."""

    strike: Strike | None = None
    replicas: int = 1

    def __str__(self) -> str:
        return str(self.strike) if self.strike else f"undisturbed, {self.replicas} at once"


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    states: Sequence[State]
    """After each step that was reached."""
    counts: Mapping[str, int]
    histories: Mapping[str, Sequence[Any]]
    writes: Sequence[Write] = ()
    struck: bool = False
    ends: Sequence[int] = ()
    failed: str = ""
    """The step that did not come to its end, and why."""
    seconds: float = 0.0


class Run:
    """One trial at work. `expected` is the outcome of the undisturbed run, None for that one itself."""

    def __init__(
        self, subject: Subject, site: Site, namespace: str, trial: Trial, expected: Outcome | None
    ) -> None:
        self._subject = subject
        self._site = site
        self._namespace = namespace
        self._trial = trial
        self._expected = expected
        self._replicas: dict[str, Replica] = {}
        self._proxy = Proxy(site.operator, namespace, subject.rules, trial.strike, self._kill)
        self._states: list[State] = []

    async def outcome(self) -> Outcome:
        """Live through it."""
        started = time.monotonic()
        async with self._site.admin.session() as session, self._in_namespace(session):
            followed = following(self._site.admin, self._subject.followed, self._namespace)
            async with self._proxy.serving(), followed as histories, AsyncExitStack() as stack:
                for number in range(self._trial.replicas):
                    await stack.enter_async_context(self._replica(number).living())
                failed = await self._story(session)
            return Outcome(
                states=self._states,
                counts=counts(self._proxy.writes, self._subject.rules),
                histories=histories,
                writes=tuple(self._proxy.writes),
                struck=self._proxy.struck,
                ends=[code for one in self._replicas.values() for code in one.ends],
                failed=failed,
                seconds=time.monotonic() - started,
            )

    async def _story(self, session: aiohttp.ClientSession) -> str:
        """Take the steps; returns which one failed. A late write goes on its way one step after its own."""
        held_since: int | None = None
        for number, step in enumerate(self._subject.steps):
            self._proxy.step = number
            try:
                await asyncio.to_thread(step.act, self._namespace)
            except Exception as failed:  # a step is somebody else's and may raise anything
                return f"{step.name}: {type(failed).__name__}: {failed}"
            state = await self._settled(session, number)
            if self._late() and held_since is None:
                held_since = number
            if held_since is not None and (number > held_since or number == len(self._subject.steps) - 1):
                self._proxy.release()
                await asyncio.sleep(_POLL_SECONDS)
                state = await self._settled(session, number)
            self._states.append(state)
        return ""

    def _late(self) -> bool:
        strike = self._trial.strike
        return self._proxy.struck and strike is not None and strike.fault is Fault.LATE

    async def _settled(self, session: aiohttp.ClientSession, step: int) -> State:
        """The state when all is written and as it should be, or else when patience is at its end.

        After a step that ended otherwise nobody knows what should be: quiet is enough.
        """
        as_expected = self._expected and all(
            was == is_ for was, is_ in zip(self._expected.states, self._states, strict=False)
        )
        wanted = self._expected.states[step] if self._expected and as_expected else None
        end = time.monotonic() + self._subject.patience_seconds
        before: State | None = None
        while True:
            state = await self._state(session)
            quiet = self._proxy.quiet_seconds >= self._subject.quiet_seconds
            if (quiet and state == (before if wanted is None else wanted)) or time.monotonic() > end:
                return state
            before = state
            await asyncio.sleep(_POLL_SECONDS)

    async def _state(self, session: aiohttp.ClientSession) -> State:
        objects: list[dict[str, Any]] = []
        for resource in self._subject.compared:
            found = await ask(session, self._site.admin, path_of(resource, self._namespace))
            kind = found["kind"].removesuffix("List")
            objects += [{"kind": kind, **one} for one in found["items"]]
        return state_of(objects, self._namespace, self._subject.forget)

    def _replica(self, number: int) -> Replica:
        name = f"{self._namespace}-{number}"
        kubeconfig = self._site.folder / f"{name}.kubeconfig"
        kubeconfig.touch(mode=0o600)
        kubeconfig.write_text(self._proxy.kubeconfig(name), encoding="utf-8")
        launch = self._subject.launch(kubeconfig, self._namespace, number)
        self._replicas[name] = Replica(launch, kubeconfig, self._site.folder / f"{name}.log")
        return self._replicas[name]

    async def _kill(self, replica: str) -> None:
        await self._replicas[replica].kill()

    @asynccontextmanager
    async def _in_namespace(self, session: aiohttp.ClientSession) -> AsyncIterator[None]:
        """Make it, and begin its deletion at the end."""
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self._namespace}}
        await ask(session, self._site.admin, "/api/v1/namespaces", "POST", body)
        try:
            yield
        finally:
            await ask(session, self._site.admin, f"/api/v1/namespaces/{self._namespace}", "DELETE")
