"""How a rollout is hosted, said to people: for the status and an Event, before anything is done. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from paddle_operator.rollout.hosting.forecast import Forecast
from paddle_operator.rollout.hosting.next_pods import Look
from paddle_operator.rollout.hosting.price import Price
from paddle_operator.rollout.hosting.room import PODS, Needs, Node
from paddle_operator.sla.figures import duration_text, number_text
from paddle_operator.spec.rollout import Surge

UNSEEN = "What nodes have left is not known: the operator may not list nodes, or pods of other namespaces."
UNSEEN_SURGE = (
    f"{UNSEEN} Canary pods start beside those that serve; one that finds no room waits for it. Set "
    "spec.rollout.surge to OneByOne where there is none to spare."
)
_MOST_NODES = 5
_BYTES = {"memory", "ephemeral-storage"}


def told(look: Look, found: Forecast, price: Price, asked: Surge) -> str:
    """Say how a rollout will be hosted and what that costs; or why it cannot be hosted, and what helps.

    What the resource asks for is another surge than the look's where one has begun beside those that serve.
    """
    if found.refused:
        return _refusal(look, found, price, asked)
    if found.way is Surge.SURGE:
        return _beside(look, found)
    times = len(found.rounds)
    often = "" if times == 1 else f", {times} times, one after the other"
    begin = f"A stable pod is ended and a canary pod starts in its room{often}"
    why = (
        "" if look.surge is Surge.ONE_BY_ONE else f"A canary pod {room_told(look.nodes, look.canary.needs)}. "
    )
    return f"{why}{begin}. Predicted: {_predicted(found, price)}."


def told_of_recreate(found: Forecast, price: Price) -> str:
    """Say what it costs that all pods end before the first new one starts."""
    what = "The stable pod is ended" if found.serving == 1 else "All stable pods are ended"
    if not found.serving:
        what = "No stable pod serves; what there is of them is ended"
    return f"{what} before a canary pod starts. Predicted: {_predicted(found, price)}."


def told_unread(kind: str, why: str, *, begins: bool) -> str:
    """Say that what nodes have left cannot be read for the moment, and what comes of that."""
    then = "Canary pods start beside those that serve." if begins else "It begins once that can be read."
    return f"What nodes have left is not known now ({kind}: {why.rstrip('.')}). {then}"


def told_asked(found: Forecast, seconds: Fraction) -> str:
    """Say that a canary is asked before its first share, where pods that made room wait for that, too."""
    if not found.rounds or not seconds:
        return ""
    alone = "" if found.least else " It is held to what it expects alone: no stable pod is left to ask."
    return f" On top of that comes the time of the golden set, at most {duration_text(seconds)}.{alone}"


def _predicted(found: Forecast, price: Price) -> str:
    most = "" if price.exact else "at most "
    each = "" if len(found.rounds) == 1 else f"{len(found.rounds)} times "
    total = price.without + price.reduced
    if not total:
        return "as many pods serve as before at any time"
    length = duration_text(price.round.seconds) if each else ""
    how = f"{each}{length}{': ' if each else ''}{price.round.told}"
    serve = (
        f"{found.least} of {_pods(found.serving)} serve{_s(found.least)}" if found.least else "no pod serves"
    )
    bound = "about " if price.round.measured else "at most "  # containers start in some seconds of their own
    spent = f"{most}{_percent(price.spends)} of the error budget that {price.objective} has in {price.over}"
    if not price.at_risk:
        enough = "which is enough for the load" if found.least else "and none does now"
        return f"{serve} for {bound}{duration_text(total)} ({how}), {enough}"
    return (
        f"{serve} for {bound}{duration_text(total)} ({how}), {most}{_percent(price.at_risk)} of the requests "
        f"then fail, and {spent} is spent"
    )


def _beside(look: Look, found: Forecast) -> str:
    """Say that canary pods come beside the stable ones, or that both want the room there is."""
    fit = "1 canary pod fits" if found.canary == 1 else f"{found.canary} canary pods fit"
    for_both = look.stable.needs.places(look.later) >= look.stable_wish + found.canary
    if look.stable_wish and not look.stable.placed and not for_both:
        return f"No stable pod has a place now. {fit} in what is free, and who comes first takes the room."
    return f"{fit} beside {_pods(found.serving, 'stable')}: none is ended for room."


def _refusal(look: Look, found: Forecast, price: Price, asked: Surge) -> str:
    begin = "No room for a canary pod, which"
    if found.canary:
        some = f"Room for {found.canary} of {_pods(found.wanted, 'canary')}"
        begin = f"{some}, enough for {price.hosts} % of the requests; each"
    sums = room_told(look.nodes, look.canary.needs)
    if look.surge is Surge.SURGE and asked is not Surge.SURGE:
        helps = (
            "Stable pods are ended for room only where a rollout begins: it begins anew with that by itself "
            "while it has no share. Else add a node, free one of these, ask for less, or abort and retry it."
        )
    elif look.surge is Surge.SURGE:
        helps = "Set spec.rollout.surge to Auto or OneByOne to end stable pods for it, or add a node."
    else:
        sums += "; the end of stable pods makes none that it could use" if look.stable.placed else ""
        helps = "Add a node, free one of these, or ask for less."
    return f"{begin} {sums}. {helps}"


def room_told(nodes: Iterable[Node], needs: Needs) -> str:
    """Say what a pod needs that is short, what of it is free where, and which nodes do not take it at all."""
    refusals = {node.name: (node, needs.refused_by(node) or _without(node, needs)) for node in nodes}
    taking = [node for node, refusal in refusals.values() if not refusal]
    short = _short(taking, needs)
    found = "no node takes it"
    if taking:
        listed = [
            f"{_list(_free(node, one, short) for one in short)} on {node.name}"
            for node in taking[:_MOST_NODES]
        ]
        more = len(taking) - _MOST_NODES
        found = "free: " + ", ".join(listed) + (f", and too little on {more} more" if more > 0 else "")
    counted = Counter(refusal for _, refusal in refusals.values() if refusal)
    others = ", ".join(f"{count} {why}" for why, count in sorted(counted.items()))
    asked = f"needs {_list(_amount(one, needs.asks[one]) for one in short)}; {found}"
    return f"{asked}; {'other nodes' if taking else 'nodes'}: {others}" if others else asked


def _short(taking: Iterable[Node], needs: Needs) -> list[str]:
    """The resources that are short on every node that takes the pod; devices, where each lacks another."""
    lacking = [
        {one for one, amount in needs.asks.items() if node.free.get(one, Decimal()) < amount}
        for node in taking
    ]
    everywhere = set.intersection(*lacking) if lacking else set()
    return sorted(everywhere or needs.devices or needs.asks.keys() - {PODS})


def _without(node: Node, needs: Needs) -> str:
    """A node says 0 of a device that is in use, and nothing of one that it does not have."""
    return next(
        (f"without {one}" for one, amount in needs.asks.items() if amount and one not in node.free), ""
    )


def _free(node: Node, resource: str, among: list[str]) -> str:
    amount = _amount(resource, node.free[resource])
    return amount if len(among) > 1 else amount.removesuffix(f" {resource}")


def _amount(resource: str, amount: Decimal) -> str:
    amount = max(amount, Decimal())
    if resource in _BYTES:
        return f"{int(amount) >> 20}Mi {resource}"
    return f"{amount.normalize():f} {resource}"


def _list(texts: Iterable[str]) -> str:
    return " and ".join(texts)


def _pods(count: int, kind: str = "") -> str:
    return f"{count} {kind}{' ' if kind else ''}pod{'' if count == 1 else 's'}"


def _s(count: int) -> str:
    return "s" if count == 1 else ""


def _percent(share: Fraction) -> str:
    return f"{number_text(share * 100)} %"
