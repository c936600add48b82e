"""A live view of a service's conditions while it comes up."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from hack.cluster.errors import NotReady
from hack.demo.kubectl import Kube

COLOURS = {"True": "green", "False": "red", "Unknown": "yellow"}


def table(name: str, service: dict[str, Any], seconds: float) -> Table:
    """The conditions as rows: type, status, reason, message."""
    view = Table(title=f"{name}  {seconds:.0f} s", title_justify="left", expand=True)
    for column, ratio in (("condition", 2), ("status", 1), ("reason", 2), ("message", 6)):
        view.add_column(column, ratio=ratio)
    for condition in service.get("status", {}).get("conditions", []):
        colour = COLOURS[condition["status"]]
        view.add_row(
            condition["type"],
            f"[{colour}]{condition['status']}[/]",
            condition["reason"],
            condition.get("message", ""),
        )
    return view


def watch_until_ready(kube: Kube, name: str, console: Console, *, timeout: float) -> float:
    """Redraw until Ready is True for the present generation; answers the seconds it took.

    Where standard output is no terminal, one line is printed for each change instead. When it takes longer,
    NotReady holds the last conditions.
    """
    start, said = time.monotonic(), ""
    with Live(
        console=console, refresh_per_second=4, transient=False, auto_refresh=console.is_terminal
    ) as live:
        while True:
            service = kube.get("pms", name)
            seconds = time.monotonic() - start
            ready = kube.current_conditions(service).get("Ready", {})
            if console.is_terminal:
                live.update(table(name, service, seconds))
            elif (news := f"{ready.get('reason', 'no status yet')}: {ready.get('message', '')}") != said:
                said = news
                console.print(f"  {seconds:5.1f} s  {news}", soft_wrap=True)
            if ready.get("status") == "True":
                return seconds
            if seconds > timeout:
                lines = [
                    f"{c['type']}={c['status']} {c['reason']}: {c.get('message', '')}"
                    for c in service.get("status", {}).get("conditions", [])
                ]
                raise NotReady(f"{name} is not Ready after {timeout:.0f} s:\n" + "\n".join(lines))
            time.sleep(0.5)
