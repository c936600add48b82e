"""What is made from the code is found when it is stale, and written."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from hack import generate
from hack.generated import crd
from paddle_operator.spec.complaint import known_fields
from paddle_operator.spec.rules import RULES


def test_what_the_code_makes_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check", "code"]) == 0, capsys.readouterr().err


def test_a_stale_file_is_named_then_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "docs" / "page.md"
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "MADE_FROM", {"code": (lambda: {page: "made\n"},)})
    assert generate.main(["--check", "code"]) == 1
    assert "docs/page.md is not current" in capsys.readouterr().err
    assert not page.exists()
    assert generate.main([]) == 0
    assert page.read_text() == "made\n"
    assert generate.main(["--check", "code"]) == 0


def test_the_charts_copy_of_the_crd_differs_only_in_staying() -> None:
    files = crd.files()
    for plain_file, chart_file in ((crd.CRD, crd.CHART), (crd.REPORT_CRD, crd.REPORT_CHART)):
        plain = yaml.safe_load(files[plain_file])
        lines = (
            files[chart_file].replace('{{ "{{" }}', "{{").splitlines()
        )  # braces that helm leaves as they are
        kept = yaml.safe_load("\n".join(line for line in lines if not line.startswith("{{")))
        assert kept["metadata"].pop("annotations") == {"helm.sh/resource-policy": "keep"}
        assert kept == plain


def test_the_reference_page_has_every_field_and_every_rule() -> None:
    text = crd.files()[crd.PAGE]
    for path in known_fields():
        assert f".{path[-1]}` |" in text
    for rule in RULES:
        assert rule.message.replace("|", "\\|") in text
