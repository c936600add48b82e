"""Which branches a layer has, which sides of them run, and what is refused before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from paddle_runtime.export.faults import ExportFault, ExportReason
from paddle_runtime.export.inputs import Inputs, buckets_of
from paddle_runtime.export.layer import Dynamic, own_inputs
from paddle_runtime.export.program import Form, save_form
from paddle_runtime.export.sides import Sides, require_conditionals, take_sides
from paddle_runtime.export.source import Source, build_layer

LAYERS = str(Path(__file__).with_name("layers.py"))
NARROW, WIDE = "1x3x8x32", "1x3x8x48"


def looked_at(
    name: str, *buckets: str, allow_untaken: bool = False, **arguments: Any
) -> tuple[Any, Inputs, Sides]:
    layer = build_layer(Source(LAYERS, name, arguments))
    specs = own_inputs(layer)
    inputs = Inputs(specs, buckets_of(buckets, specs), {})
    return layer, inputs, take_sides(Dynamic(layer, specs), inputs, allow_untaken=allow_untaken)


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("ShapeBranch", "x.shape[-1] > LIMIT"),
        ("Conditional", "width > LIMIT"),
        ("Escaped", "x.shape[-1] > LIMIT"),
    ],
)
def test_a_bucket_on_each_side_makes_a_branch_alive(name: str, condition: str) -> None:
    _, _, sides = looked_at(name, NARROW, WIDE)
    assert [(branch.condition, branch.on_shape) for branch in sides.alive] == [(condition, True)]
    assert [len(vector.took) for vector in sides.vectors] == [1, 1]


@pytest.mark.parametrize("name", ["ShapeBranch", "Conditional"])
def test_a_side_without_a_bucket_is_refused_with_the_bucket_that_takes_it(name: str) -> None:
    with pytest.raises(ExportFault, match="add --bucket 1x3x8x41, which takes it") as fault:
        looked_at(name, NARROW)
    assert fault.value.reason is ExportReason.BranchNotTaken
    with pytest.raises(ExportFault, match="takes its false side, and requests can: add --bucket 1x3x8x40"):
        looked_at(name, WIDE)


def test_a_fixed_shape_that_rules_a_side_out_is_refused() -> None:
    with pytest.raises(
        ExportFault, match=r"x=FP32\[-1,3,8,32\] rules it out: Paddle drops that side"
    ) as fault:
        looked_at("Fixed", NARROW)
    assert fault.value.reason is ExportReason.BranchDropped
    assert "layers.py:" in str(fault.value)


def test_a_fixed_shape_may_be_all_that_is_served() -> None:
    _, _, sides = looked_at("Fixed", NARROW, allow_untaken=True)
    assert [branch.condition for branch in sides.dropped] == ["x.shape[-1] > LIMIT"]
    assert sides.alive == ()


def test_a_branch_on_values_gets_values_for_each_side() -> None:
    _, _, sides = looked_at("ValueBranch", NARROW)
    assert len(sides.alive) == 1
    assert [vector.inputs.ranges for vector in sides.vectors] == [{}, {"x": (-1.0, 0.0)}]


def test_a_side_that_no_values_take_is_refused() -> None:
    with pytest.raises(ExportFault, match="no known input has values that take its true side") as fault:
        looked_at("FarValue", NARROW)
    assert fault.value.reason is ExportReason.BranchNotTaken
    _, _, sides = looked_at("FarValue", NARROW, allow_untaken=True)
    assert [(branch.condition, branch.on_values) for branch in sides.dropped] == [("large > 1000000.0", True)]


def test_checks_ranks_and_settings_are_no_branches() -> None:
    for double in (False, True):
        _, _, sides = looked_at("Checked", NARROW, double=double)
        assert (sides.alive, sides.dropped, len(sides.vectors)) == ((), (), 1)


@pytest.mark.parametrize("form", list(Form))
def test_a_branch_is_kept_in_both_forms_of_a_program(form: Form, tmp_path: Path) -> None:
    layer, inputs, sides = looked_at("ShapeBranch", NARROW, WIDE)
    program = save_form(form, layer, inputs.specs, tmp_path, tmp_path / "scratch")
    assert program.conditionals == 1
    require_conditionals(sides, program.conditionals)
    assert program.output_shapes == ((-1, 4),)
    assert {path.suffix for path in tmp_path.iterdir() if path.is_file()} == {
        ".pdiparams",
        ".pdmodel" if form is Form.LEGACY else ".json",
    }


@pytest.mark.parametrize("form", list(Form))
def test_a_branch_that_paddle_lost_is_refused(form: Form, tmp_path: Path) -> None:
    layer, inputs, sides = looked_at("Escaped", NARROW, WIDE)
    program = save_form(form, layer, inputs.specs, tmp_path, tmp_path / "scratch")
    with pytest.raises(ExportFault, match="both sides run in the layer, and the program") as fault:
        require_conditionals(sides, program.conditionals)
    assert fault.value.reason is ExportReason.BranchDropped


def test_an_output_that_nothing_can_be_compared_with_is_refused() -> None:
    with pytest.raises(ExportFault, match="output 0 of the layer holds values that are not finite"):
        looked_at("Endless", NARROW)


def test_a_bucket_that_the_layer_cannot_take_is_told_in_its_own_words() -> None:
    with pytest.raises(ExportFault, match="fails at bucket 1x3x8x1") as fault:
        looked_at("NeedsWidth", "1x3x8x1")
    assert fault.value.reason is ExportReason.InputInvalid
