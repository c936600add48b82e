"""A program that doubles or keeps an input of every type that Paddle Inference takes, and a single value."""

from __future__ import annotations

import sys

import paddle

TYPES = ("bool", "uint8", "int8", "int32", "int64", "float16", "float32", "float64")

paddle.enable_static()
program, start = paddle.static.Program(), paddle.static.Program()
with paddle.static.program_guard(program, start):
    inputs = [paddle.static.data(f"in_{kind}", [-1, 2], kind) for kind in TYPES]
    inputs.append(paddle.static.data("in_single", [], "float32"))
    weight = paddle.static.create_parameter(
        [1], "float32", default_initializer=paddle.nn.initializer.Constant(2.0)
    )
    outputs = [paddle.assign(each) for each in inputs[:-1]] + [paddle.sum(inputs[-1] * weight)]
    executor = paddle.static.Executor(paddle.CPUPlace())
    executor.run(start)
    paddle.static.save_inference_model(f"{sys.argv[1]}/model", inputs, outputs, executor, program=program)
