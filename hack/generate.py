"""Write every file that is made from another one; with --check nothing is written."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from hack.generated import (
    ROOT,
    benchmark_page,
    crd,
    example_dashboard,
    example_plans,
    feasibility_page,
    gate_page,
    grpc_messages,
    install_files,
    kubectl_page,
    module_map,
    operator_dashboard,
    operator_metrics_page,
    reference_pages,
    rollout_page,
    runtime_errors_page,
    runtime_metrics_page,
    runtime_pages,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    Files = Callable[[], dict[Path, str]]

MADE_FROM: Mapping[str, Sequence[Files]] = {
    "code": (
        crd.files,
        example_plans.files,
        example_dashboard.files,
        feasibility_page.files,
        gate_page.files,
        reference_pages.files,
        rollout_page.files,
        runtime_pages.files,
        kubectl_page.files,
        runtime_errors_page.files,
        runtime_metrics_page.files,
        operator_metrics_page.files,
        operator_dashboard.files,
        grpc_messages.files,
        module_map.files,
        benchmark_page.files,
    ),
    # after the code, which writes one of the charts; helm renders them
    "charts": (install_files.files,),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Write the files that differ, or fail when there are any."""
    parser = argparse.ArgumentParser(prog="hack.generate", description=__doc__)
    parser.add_argument("--check", choices=MADE_FROM, help="fail where a file made from these differs")
    checked = parser.parse_args(argv).check
    if checked:
        stale = [path for path, _ in stale_files(MADE_FROM[checked])]
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not current: run 'make generate', commit it", file=sys.stderr)
        return 1 if stale else 0
    for path, text in stale_files(maker for makers in MADE_FROM.values() for maker in makers):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


def stale_files(makers: Iterable[Files]) -> Iterator[tuple[Path, str]]:
    """Yield each file that does not hold its text, and that; a maker starts when the last is through."""
    for files in makers:
        for path, text in files().items():
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                yield path, text


if __name__ == "__main__":
    sys.exit(main())
