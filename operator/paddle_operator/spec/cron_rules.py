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
    yield comes_rule(at, name)


def comes_rule(at: str, name: str) -> Rule:
    """Demand that a schedule at a field comes, in whatever year."""
    return Rule(
        f"{name}-comes",
        at,
        "",
        "must come on some day, and no month that it names has its day: write for instance '0 0 28 2 *' "
        "instead of '0 0 30 2 *'",
        _comes,
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


def _comes(schedule: str) -> bool:
    """Tell whether a schedule that can be read comes; whether it can be is another rule's."""
    return not _is_read(schedule) or parse_cron(schedule).comes


def _ascends(start: str) -> bool:
    """Tell whether a schedule of the right form can be read; the form is another rule's."""
    return re.fullmatch(CRON_FORM, start, re.ASCII) is None or _is_read(start)


def _is_read(schedule: str) -> bool:
    try:
        parse_cron(schedule)
    except ValueError:
        return False
    return True
