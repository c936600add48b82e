"""A report as one page that needs nothing else, for people who do not read YAML, on screen and paper. Pure.

Both languages are in it; two radio buttons choose between them without a script, and what is not shown is
hidden from screen readers too. Each plot is also a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from html import escape
from importlib.resources import files

from paddle_operator.cli.report.figures import Clock, between, count, length
from paddle_operator.cli.report.plots import COLOURS, attained_plot, budget_plot, legend, patterns
from paddle_operator.cli.report.words import LANGUAGES, both, text
from paddle_operator.documents import render
from paddle_operator.sla.report.written import UP, percent_text
from paddle_operator.spec.sla_report import OTHERS, ObjectiveReport, ReportStatus, RevisionRecord, Verdict

MARKS = {
    Verdict.KEPT: "✓",
    Verdict.BROKEN: "✗",
    Verdict.TOO_LITTLE_TRAFFIC: "?",
    Verdict.UNKNOWN_TIME: "?",
    Verdict.NOT_MEASURED: "?",
}


def page(report: ReportStatus, clock: Clock, language: str) -> str:
    """Return the page; `language` is the one that is shown first."""
    assert report.service is not None
    title = f"{report.service.name}: {text('title', language)}"
    sections = [
        _cards(report),
        *(_objective(report, one, clock) for one in report.objectives),
        _unknown(report, clock),
        _excluded(report, clock),
        _evidence(report, clock),
    ]
    choices = "".join(
        f'<input type="radio" name="language" id="{one}"{" checked" if one == language else ""} '
        f'aria-label="{name}">'
        for one, name in LANGUAGES.items()
    )
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_style()}</style>\n</head>\n<body>\n{choices}{patterns()}\n"
        f"{_header(report, clock)}\n<main>\n{''.join(sections)}</main>\n</body>\n</html>\n"
    )


def _style() -> str:
    sheet = files("paddle_operator.cli.report").joinpath("page.css").read_text(encoding="utf-8")
    return sheet + "".join(f".r{place} {{ fill: {colour}; }}\n" for place, colour in enumerate(COLOURS))


def _header(report: ReportStatus, clock: Clock) -> str:
    assert report.service is not None
    assert report.period is not None
    period = report.period
    told = {"start": clock.show(period.start), "end": clock.show(period.end), "zone": clock.zone.key}
    later = ""
    if period.observed_from != period.start:
        later = f"<p>{both('observed from', moment=clock.show(period.observed_from))}</p>"
    if report.unknown_seconds:
        whole = between(period.observed_from, period.end)
        share = percent_text(Fraction(report.unknown_seconds, whole), 1, UP)
        later += f"<p>{both('unknown lead', time=length(report.unknown_seconds), share=share)}</p>"
    later += _promise_changes(report, clock)
    labels = "".join(f'<label for="{one}">{name}</label>' for one, name in LANGUAGES.items())
    title = f"{escape(report.service.name)}<small>{both('title')}: {both('period', **told)}</small>"
    lead = f'<p class="lead">{_summary(report.objectives)}</p>{later}'
    return f'<header><h1>{title}</h1><div class="languages">{labels}</div>{lead}</header>'


def _promise_changes(report: ReportStatus, clock: Clock) -> str:
    """What a reader must know before believing a verdict."""
    told = [
        both("promise changed", moment=clock.show(one.at), before=one.before)
        for one in report.promise_changes
    ]
    if told:
        told.append(both("judged by the present"))
    if report.promise_known_from:
        told.append(both("promise known from", moment=clock.show(report.promise_known_from)))
    return "".join(f"<p><strong>{one}</strong></p>" for one in told)


def _summary(objectives: Sequence[ObjectiveReport]) -> str:
    broken = sum(one.verdict is Verdict.BROKEN for one in objectives)
    unmeasured = sum(one.verdict not in {Verdict.KEPT, Verdict.BROKEN} for one in objectives)
    values = {"broken": str(broken), "unmeasured": str(unmeasured), "all": str(len(objectives))}
    key = "some broken" if broken else "not all measured" if unmeasured else "all kept"
    return both(key, **values)


def _cards(report: ReportStatus) -> str:
    return f'<div class="cards">{"".join(_card(one) for one in report.objectives)}</div>\n'


def _card(one: ObjectiveReport) -> str:
    head = f'<h2>{escape(one.name)}</h2><p class="verdict">{_verdict(one)}</p>'
    if one.attained_percent is None or one.spent_percent is None:
        body = f'<p class="number">–</p><p class="quiet">{both("no requests")}</p>'
    else:
        width = min(100.0, float(one.spent_percent))
        body = (
            f'<p class="number">{one.attained_percent} %</p>'
            f'<p class="quiet">{both("promised")}: {one.target_percent} %</p>'
            f'<div class="bar" aria-hidden="true"><i style="width:{width:.1f}%"></i></div>'
            f"<p>{both('spent of budget', spent=one.spent_percent)}</p>"
        )
    return f'<div class="card {one.verdict.value}">{head}{body}</div>'


def _promise(report: ReportStatus, one: ObjectiveReport) -> str:
    """Say an objective in both languages, from the promise as it was; in its own words where that is odd."""
    promised = report.sla.thaw().get("objectives", ()) if report.sla is not None else ()
    its: object = next((found for found in promised if found.get("name") == one.name), None)
    match its:
        case {"availability": {"targetPercent": str(share)}}:
            return both("availability", share=share)
        case {"latency": {"percentile": str(share), "thresholdMilliseconds": int(threshold)}}:
            return both("latency", share=share, threshold=str(threshold))
        case {"errorRate": {"maxPercent": str(share)}}:
            return both("errorRate", share=share)
    return escape(one.promise)


def _verdict(one: ObjectiveReport) -> str:
    return f"{MARKS[one.verdict]} {both(one.verdict.value)}"


def _objective(report: ReportStatus, one: ObjectiveReport, clock: Clock) -> str:
    title = (
        f'<div class="title"><h2>{escape(one.name)}: {_promise(report, one)}</h2>'
        f'<span class="verdict {one.verdict.value}">{_verdict(one)}</span></div>'
    )
    if not one.total:
        return f'<section class="objective">{title}<p>{both("no requests")}</p></section>'
    good = both("good of", good=count(one.good), total=count(one.total))
    allowed = both("allowed", allowed=one.allowed_bad, bad=count(one.total - one.good))
    unknown = both("unknown share", time=length(one.unknown_seconds))
    said = f"{good}; {allowed}; {unknown}; {both(f'at {one.source.value}')}"
    figures = "".join(
        f"<figure>{plot(report, one, clock)}"
        f'<figcaption id="{what}-{escape(one.name)}">{both(f"{what} plot")}</figcaption></figure>'
        for what, plot in (("attained", attained_plot), ("budget", budget_plot))
    )
    return (
        f'<section class="objective">{title}<p>{said}.</p>{figures}{legend(one)}'
        f"<h3>{both('by revision')}</h3>{_revisions(one)}"
        f"<h3>{both('incidents')}</h3><p class='quiet'>{both('incidents text')}</p>{_incidents(one, clock)}"
        "</section>\n"
    )


def _revisions(one: ObjectiveReport) -> str:
    rows = [
        (
            _revision(its.revision),
            count(its.good),
            count(its.total),
            f"{its.attained_percent} %",
            f"{its.spent_percent} %",
        )
        for its in one.revisions
    ]
    return _table(("revision", "good", "total", "attained", "spent"), rows)


def _incidents(one: ObjectiveReport, clock: Clock) -> str:
    rows = [
        (
            clock.show(its.start),
            length(between(its.start, its.end)),
            count(its.bad),
            count(its.total),
            both("times", rate=its.worst_burn_rate),
            f"{its.spent_percent} %",
            _revision(its.revision),
        )
        for its in one.incidents
    ]
    if not rows:
        return f"<p>{both('no incidents')}</p>{_slight(one)}"
    heads = ("from", "length", "bad", "total", "worst burn", "spent", "revision")
    return _table(heads, rows) + _left_out(one.incidents_left_out) + _slight(one)


def _slight(one: ObjectiveReport) -> str:
    its = one.too_little_traffic
    if not its.stretches:
        return ""
    told = {"stretches": count(its.stretches), "bad": count(its.bad), "total": count(its.total)}
    return f'<p class="quiet">{both("slight", **told, spent=its.spent_percent)}</p>'


def _unknown(report: ReportStatus, clock: Clock) -> str:
    rows = [
        (clock.show(one.start), clock.show(one.end), both(one.cause), escape(one.pod) or both("all pods"))
        for one in report.unknown
    ]
    if not rows:
        return ""
    return _listed(
        "unknown", ("from", "to", "cause", "pod"), rows, report.unknown_seconds, report.unknown_left_out
    )


def _excluded(report: ReportStatus, clock: Clock) -> str:
    rows = [(clock.show(one.start), clock.show(one.end), escape(one.name)) for one in report.exclusions]
    if not rows:
        return ""
    left_out = report.exclusions_left_out
    return _listed("excluded", ("from", "to", "name"), rows, report.excluded_seconds, left_out)


def _listed(
    what: str, heads: Sequence[str], rows: Sequence[Sequence[str]], seconds: int, left_out: int
) -> str:
    explained = both("unknown text" if what == "unknown" else "exclusions text")
    return (
        f"<section><h2>{both(what)}: {length(seconds)}</h2><p>{explained}</p>"
        f"{_table(heads, rows)}{_left_out(left_out)}</section>\n"
    )


def _evidence(report: ReportStatus, clock: Clock) -> str:
    assert report.requests is not None
    counts = report.requests
    told = {name: count(getattr(counts, name)) for name in ("good", "bad", "refused", "invalid")}
    queries = "".join(
        f"<dt><code>{escape(one.query)}</code></dt><dd class='quiet'>"
        + both(
            "asked",
            times=count(one.times),
            first=clock.show(one.first),
            last=clock.show(one.last),
            series=count(one.series),
            samples=count(one.samples),
        )
        + "</dd>"
        for one in report.queries
    )
    models = [
        (escape(one.revision), clock.show(one.first), clock.show(one.last), count(one.requests), _digest(one))
        for one in report.revisions
    ]
    heads = ("revision", "first", "last", "total", "model")
    served = _table(heads, models) if models else f"<p>{both('no requests')}</p>"
    served += _left_out(report.revisions_left_out)
    promised = render(report.sla.thaw()) if report.sla is not None else ""
    made = both("made", moment=clock.show(report.made_at or ""), by=report.made_by)
    hashed = f"{escape(report.promise)} (slaHash {escape(report.sla_hash)})"
    return (
        f"<section><h2>{both('evidence')}</h2><p>{both('requests line', **told)}</p>"
        f"<h3>{both('revisions')}</h3>{served}"
        f"<p>{both('evidence text')}</p><dl>{queries}<dt>{both('promise hash')}: {hashed}</dt>"
        f'<dd><pre>{escape(promised)}</pre></dd></dl><p class="quiet">{made}</p></section>\n'
    )


def _digest(one: RevisionRecord) -> str:
    return f'<code title="{escape(one.model_digest)}">{escape(one.model_digest[:19]) or "–"}</code>'


def _revision(name: str) -> str:
    return both("others") if name == OTHERS else escape(name)


def _left_out(number: int) -> str:
    return f'<p class="quiet">{both("left out", count=count(number))}</p>' if number else ""


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{both(one)}</th>' for one in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
