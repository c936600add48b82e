"""The commands that ask something of a rollout: they write one annotation, and wait for the answer.

Exit codes: 0 accepted (or not waited for, with --no-wait and --dry-run); 1 refused, with the operator's
words; 2 wrong arguments, or no way to the cluster; 3 nobody answered in time.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from paddle_operator import names
from paddle_operator.cli.rollout.choice import revision_meant
from paddle_operator.cli.rollout.kept import Kept, kept_of
from paddle_operator.cluster import kinds
from paddle_operator.cluster.api import Api
from paddle_operator.errors import ClusterRefused
from paddle_operator.reasons import Reason
from paddle_operator.rollout.request import Outcome, Verb

ACCEPTED, REFUSED, UNANSWERED = 0, 1, 3
MANAGER = "kubectl-paddle_sla"
POLL_SECONDS = 1.0
MEANINGS: Mapping[Verb, str] = {
    Verb.PROMOTE: "let the canary take over, without further steps and proof",
    Verb.ABORT: "take the traffic from the canary, and reject it",
    Verb.APPROVE: "let go on what waits for a person",
    Verb.RETRY: "forgive a rejected revision, so that it is tried again",
    Verb.ROLLBACK: "let a revision take over again that served before",
}
_MEANT_BY_NOTHING: Mapping[Verb, str] = {
    Verb.RETRY: "the rejected one that the resource asks for",
    Verb.ROLLBACK: "who served last before, while it is warm, else the only one that is kept",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request, for a person and for a script."""

    code: int
    told: str
    request: str
    outcome: str | None = None
    """As the operator says it; None where nobody has."""
    message: str = ""

    def as_json(self) -> Mapping[str, Any]:
        """The fields that stay."""
        return {
            "annotation": names.ANNOTATION_REQUEST,
            "request": self.request,
            "outcome": self.outcome,
            "message": self.message,
        }


def add_arguments(parser: argparse.ArgumentParser, verb: Verb) -> None:
    """Say what a command takes."""
    usual = _MEANT_BY_NOTHING.get(verb, "the canary")
    parser.add_argument("name", help="the service")
    parser.add_argument(
        "revision", nargs="?", default="", help=f"how its name or its hash begins; by default {usual}"
    )
    parser.add_argument(
        "--wait", action=argparse.BooleanOptionalAction, default=True, help="wait for the operator's answer"
    )
    parser.add_argument(
        "--timeout", type=float, default=30.0, metavar="SECONDS", help="how long to wait; by default 30"
    )
    parser.add_argument("--dry-run", action="store_true", help="print the annotation, and write nothing")


async def ask(api: Api, chosen: argparse.Namespace) -> Answer:
    """Write the request that was chosen on the command line, and return what came of it."""
    verb = Verb(chosen.command)
    service = await api.get(kinds.SERVICE_RESOURCE, chosen.namespace, chosen.name)
    kept = await revisions(api, service) if verb is Verb.ROLLBACK else kept_of(service, ())
    revision = revision_meant(verb, chosen.revision, service, kept)
    request = f"{verb}/{revision}/{secrets.token_hex(4)}"
    if chosen.dry_run:
        return Answer(ACCEPTED, f"{names.ANNOTATION_REQUEST}: {request}", request)
    await api.annotate(
        kinds.SERVICE_RESOURCE,
        chosen.namespace,
        chosen.name,
        {names.ANNOTATION_REQUEST: request},
        MANAGER,
    )
    if not chosen.wait:
        return Answer(ACCEPTED, f"{verb} {revision}: asked for, and not waited for", request)
    return await _answer(api, chosen, request)


async def revisions(api: Api, service: Mapping[str, Any]) -> tuple[Kept, ...]:
    """Read which revisions of the service are kept."""
    metadata = service["metadata"]
    selector = names.selector_of(metadata["name"])
    return kept_of(service, await api.list(kinds.DEPLOYMENT, metadata["namespace"], label_selector=selector))


async def _answer(api: Api, chosen: argparse.Namespace, request: str) -> Answer:
    """Wait for the operator's answer. The request stands there: a lost connection does not end the wait."""
    lost = ""
    try:
        async with asyncio.timeout(chosen.timeout):
            while True:
                try:
                    service = await api.get(kinds.SERVICE_RESOURCE, chosen.namespace, chosen.name)
                    if (answer := answer_in(service, request)) is not None:
                        return answer
                    lost = ""
                except ClusterRefused as refused:
                    if refused.reason is not Reason.API_UNAVAILABLE:
                        raise
                    lost = f" ({refused})"
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        return Answer(UNANSWERED, _unanswered(chosen, request, lost), request)


def answer_in(service: Mapping[str, Any], request: str) -> Answer | None:
    """Return what a service says of a request; None while it is still to be answered."""
    verb, revision, _ = request.split("/")
    handled = (service.get("status") or {}).get("lastHandledRequest") or {}
    if handled.get("request") == request:
        outcome, message = str(handled["outcome"]), str(handled.get("message", ""))
        code = ACCEPTED if outcome == Outcome.ACCEPTED else REFUSED
        told = f"{verb} {revision}: {outcome}" + (f": {message}" if message else "")
        return Answer(code, told, request, outcome, message)
    stands = (service["metadata"].get("annotations") or {}).get(names.ANNOTATION_REQUEST)
    if stands == request:
        return None
    instead = f"{stands} stands in its place" if stands else "somebody has taken it away"
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    tell = f"It may have been done all the same: kubectl paddle_sla status {name} -n {namespace} tells"
    return Answer(UNANSWERED, f"{request} was not seen to be answered: {instead}. {tell}", request)


def _unanswered(chosen: argparse.Namespace, request: str, lost: str) -> str:
    where = f"{chosen.name} -n {chosen.namespace}"
    take_back = f"kubectl annotate {names.SHORT_NAME} {where} {names.ANNOTATION_REQUEST}-"
    return (
        f"{request} has no answer after {chosen.timeout:g} s{lost}\n"
        "It stands there, and is answered as soon as an operator sees it. What to look at:\n"
        f"  kubectl paddle_sla doctor                # whether an operator runs\n"
        f"  kubectl paddle_sla status {where}\n"
        f"  {take_back}   # takes it back"
    )
