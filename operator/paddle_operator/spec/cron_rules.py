"""Rules of a schedule in cron's five fields and of its time zone, wherever the resource has them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from paddle_operator.spec.cron import CRON_FORM, parse_cron
from paddle_operator.spec.rule import Rule, pattern_rule
from paddle_operator.spec.zone import zone_is_known


def schedule_rules(at: str, example: str, name: str) -> Iterator[Rule]:
    """Demand a schedule at a field; the example is one, and says what it means. Rules are named after it."""
    yield pattern_rule(
        f"{name}-form",
        at,
        CRON_FORM,
        "must be cron's five fields with one space between them (minute, hour, day of month, month, day of "
        f"week): write for instance {example}",
    )
    yield Rule(
        f"{name}-ascends",
        at,
        "",
        "must have ranges that ascend: write for instance '0 8 * * 1-5' instead of '0 8 * * 5-1'",
        _ascends,
        ours=True,
    )


def zone_rule(at: str) -> Rule:
    """Demand a time zone at a field."""
    return Rule(
        "zone-known",
        at,
        "",
        "must be a time zone of the tz database, such as Europe/Berlin, Asia/Shanghai or UTC",
        zone_is_known,
        ours=True,
    )


def _ascends(start: str) -> bool:
    """Tell whether a schedule of the right form can be read; the form is another rule's."""
    if re.fullmatch(CRON_FORM, start, re.ASCII) is None:
        return True
    try:
        parse_cron(start)
    except ValueError:
        return False
    return True
