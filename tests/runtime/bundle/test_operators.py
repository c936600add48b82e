"""The list of operators that are let through against what the installed Paddle has."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from paddle_runtime.bundle.operators import NOT_OF_ONNX, ONNX_DOMAINS, PADDLE, onnx_problem, paddle_problem

# Text among the attributes of operators that are let through: words that choose between ways to compute,
# names of tensors and generators, formulas. A path, an address or code is none of them.
WORDS = """
Reduce UPLO act_method act_type activation activation_type algo atol bias_type_str
candidate_activation cell_activation chunk_scheme code_type compute_dtype curve data_format
data_layout distribute_update_vars driver dropout_implementation entry entry_config epmap equation
functor_list fuse_activation gate_activation interp_method key mask_type_str match_type message_op
mkldnn_data_type mode name norm_type normalization output_data_type output_dtype output_format
padding_algorithm padding_mode pooling_type pooltype reduce_op reduction rng_name rtol str_value
table_class table_names trans unpooling_type weight_dtype
"""
# What the framework itself gives every operator.
OF_ALL = {"op_role_var", "op_namescope", "op_callstack", "op_device"}
KNOWN = OF_ALL | set(WORDS.split())
TELL = """
import json, paddle
from paddle.base.proto import framework_pb2 as forms
texts = {forms.AttrType.STRING, forms.AttrType.STRINGS}
told = {}
for data in paddle.base.core.get_all_op_protos():
    made = forms.OpProto.FromString(data)
    told[made.type] = sorted(each.name for each in made.attrs if each.type in texts)
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def registered() -> dict[str, list[str]]:
    """Operators of the legacy form with the names of their attributes of text."""
    done = subprocess.run(
        [sys.executable, "-c", TELL], check=True, capture_output=True, text=True, timeout=60
    )
    told: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_no_operator_that_is_let_through_can_be_told_a_path_an_address_or_code(
    registered: dict[str, list[str]],
) -> None:
    """A Paddle that gives one a new attribute of text fails here: look at what the operator does with it."""
    unknown = {name: set(registered[name]) - KNOWN for name in PADDLE & registered.keys()}
    assert {name: texts for name, texts in unknown.items() if texts} == {}
    assert len(unknown) > 500


def test_those_that_can_are_refused(registered: dict[str, list[str]]) -> None:
    told = {name for name, texts in registered.items() if set(texts) - KNOWN}
    assert {"save", "load", "read_file", "check_numerics", "run_program", "py_func", "print"} <= told
    assert {name for name in told if paddle_problem(name) is None} == set()


@pytest.mark.parametrize(
    "name",
    [
        "save", "save_combine", "load", "load_combine", "read_file", "print", "py_func", "pylayer",
        "run_program", "check_numerics", "accuracy_check", "enable_check_model_nan_inf", "send_v2",
        "recv_v2", "p_send", "barrier", "c_comm_init", "c_gen_xccl_id", "comm_init_all", "all_reduce",
        "mp_allreduce_sum", "create_py_reader", "read", "openvino_engine", "tensorrt_engine",
        "fusion_group", "ap_variadic", "listen_and_serv", "enqueue", "dequeue", "custom_call", "adam",
        "conv2d_grad", "",
    ],
)  # fmt: skip
def test_what_touches_the_world_trains_or_is_not_known_is_refused(name: str) -> None:
    for form in (name, f"pd_op.{name}", f"{name}_", f"custom_op.{name}"):
        problem = paddle_problem(form)
        assert problem is not None
        assert repr(form) in problem


def test_onnx_goes_by_domain() -> None:
    assert all(onnx_problem(domain, "Conv") is None for domain in ONNX_DOMAINS)
    assert all(onnx_problem(domain, name) is not None for domain, name in NOT_OF_ONNX)
    assert onnx_problem("ai.onnx.training", "Adam") is not None
