"""Grafana's panels, as far as our dashboards need them: the only importer of Grafana's SDK. Pure.

A dashboard is rows of panels. Where each panel stands and which number it has follows from their order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from grafana_foundation_sdk.builders import dashboard as grafana
from grafana_foundation_sdk.builders import prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.common import GraphThresholdsStyleConfig as LineStyle
from grafana_foundation_sdk.builders.common import (
    ReduceDataOptions,
    StackingConfig,
    VizLegendOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

TALL, LOW = 8, 4
"""Heights of panels in Grafana's grid, which is 24 columns wide."""
RATE = "$__rate_interval"
"""The window of a rate: Grafana makes it fit the resolution and the scrape interval."""
SOURCE = dashboard.DataSourceRef(type_val="prometheus", uid="${datasource}")
GREEN, ORANGE, RED = "green", "orange", "red"
P = TypeVar("P", timeseries.Panel, stat.Panel, statetimeline.Panel, table.Panel)


@dataclass(frozen=True, slots=True)
class Query:
    """What Prometheus is asked, and what its answers are called."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """From this value on a figure has this colour."""

    value: float
    colour: str


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading, from left to right."""

    title: str
    panels: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """A whole dashboard."""

    uid: str
    title: str
    about: str
    tags: tuple[str, ...]
    rows: tuple[Row, ...]
    variables: tuple[Any, ...] = ()

    def text(self) -> str:
        """Return it as Grafana reads it: one line of JSON, and equal boards give equal text."""
        source = grafana.DatasourceVariable("datasource").label("Prometheus").type("prometheus")
        made = (
            grafana.Dashboard(self.title)
            .uid(self.uid)
            .description(self.about)
            .tags(list(self.tags))
            .refresh("30s")
            .time("now-6h", "now")
            .timezone("browser")
            .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
            .readonly()
        )
        for variable in (source, *self.variables):
            made = made.with_variable(variable)
        number = 0
        for row in self.rows:
            made = made.with_row(grafana.Row(row.title).id(number := number + 1))
            for panel in row.panels:
                made = made.with_panel(panel.id(number := number + 1))
        return json.dumps(made.build(), cls=JSONEncoder, separators=(",", ":"), ensure_ascii=False) + "\n"


def graph(
    title: str,
    *queries: Query,
    unit: str = "short",
    width: int = 8,
    about: str = "",
    stacked: bool = False,
    lines: Sequence[Step] = (),
    most: float | None = None,
) -> timeseries.Panel:
    """Values over time; `lines` are drawn across, such as what was promised."""
    panel = timeseries.Panel().title(title).description(about).unit(unit).span(width).height(TALL).min(0)
    panel.fill_opacity(25 if stacked else 5).line_width(1).show_points(common.VisibilityMode.NEVER)
    panel.legend(VizLegendOptions().show_legend(True).placement(common.LegendPlacement.BOTTOM))
    panel.tooltip(VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
    if most is not None:
        panel.max(most)
    if stacked:
        panel.stacking(StackingConfig().mode(common.StackingMode.NORMAL))
    if lines:
        style = LineStyle().mode(common.GraphThresholdsStyleMode.DASHED)
        panel.thresholds(_steps("transparent", lines)).thresholds_style(style)
    return _asking(panel, *queries)


def figure(
    title: str,
    query: Query,
    *,
    unit: str = "short",
    height: int = LOW,
    about: str = "",
    below: str = GREEN,
    steps: Sequence[Step] = (),
    decimals: int | None = None,
) -> stat.Panel:
    """One value as it is now; `below` is the colour under the first step."""
    panel = stat.Panel().title(title).description(about).unit(unit).span(4).height(height).no_value("no data")
    panel.reduce_options(ReduceDataOptions().calcs(["lastNotNull"])).thresholds(_steps(below, steps))
    panel.graph_mode(common.BigValueGraphMode.NONE).color_mode(common.BigValueColorMode.VALUE)
    if decimals is not None:
        panel.decimals(decimals)
    return _asking(panel, query, instant=True)


def states(
    title: str, query: Query, mappings: Mapping[str, tuple[str, str]], *, width: int = 12, about: str = ""
) -> statetimeline.Panel:
    """What held when: a bar for each answer. `mappings` gives each value its word and colour."""
    options = {
        value: dashboard.ValueMappingResult(text=text, color=colour, index=index)
        for index, (value, (text, colour)) in enumerate(mappings.items())
    }
    panel = statetimeline.Panel().title(title).description(about).span(width).height(TALL)
    panel.mappings([dashboard.ValueMap(options=options)]).row_height(0.85)
    panel.show_value(common.VisibilityMode.NEVER).legend(VizLegendOptions().show_legend(False))
    return _asking(panel, query)


def labels(
    title: str, query: Query, columns: Mapping[str, str], *, width: int = 12, about: str = ""
) -> table.Panel:
    """The labels of what is there now, a row each, under these headings; all else is left out."""
    panel = table.Panel().title(title).description(about).span(width).height(TALL).no_value("none")
    shown = {"include": {"names": list(columns)}}
    named = {"renameByName": dict(columns), "indexByName": {name: at for at, name in enumerate(columns)}}
    for transformation, options in (("filterFieldsByName", shown), ("organize", named)):
        panel.with_transformation(dashboard.DataTransformerConfig(id_val=transformation, options=options))
    return _asking(panel, query, instant=True, as_table=True)


def _asking(panel: P, *queries: Query, instant: bool = False, as_table: bool = False) -> P:
    panel.datasource(SOURCE)
    for number, query in enumerate(queries):
        asked = prometheus.Dataquery().expr(query.expr).ref_id(chr(ord("A") + number)).datasource(SOURCE)
        asked.legend_format(query.legend or "__auto")
        if instant:
            asked.instant()
        if as_table:
            asked.format(PromQueryFormat.TABLE)
        panel.with_target(asked)
    return panel


def _steps(below: str, steps: Sequence[Step]) -> grafana.ThresholdsConfig:
    made = [dashboard.Threshold(value=None, color=below)]
    made += [dashboard.Threshold(value=step.value, color=step.colour) for step in steps]
    return grafana.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(made)
