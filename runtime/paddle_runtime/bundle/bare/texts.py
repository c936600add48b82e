"""PaddleNLP's classifiers of texts: what its tokeniser and its network write beside the program. Pure."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from paddle_runtime.bundle.bare.described import LABELS_FILE, Described, Exported, label_file, require_classes
from paddle_runtime.bundle.bare.faults import parsed, refused
from paddle_runtime.tasks import Task

VOCABULARY_FILE, TOKENIZER_FILE = "vocab.txt", "tokenizer_config.json"
MODEL_FILE, CLASSES_FILE = "config.json", "id2label.json"
# Lengths of texts in pieces of words; the last is what PaddleNLP trains with where nobody says otherwise.
LENGTHS = (16, 32, 64, 128)
TEXTS = (1, 8)  # together
CLASSIFIES = "ForSequenceClassification"


class Tokenizer(BaseModel):
    """Of what PaddleNLP writes of a tokeniser, that on which the pieces of words depend."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    tokenizer_class: Literal["BertTokenizer", "BertFastTokenizer", "ErnieTokenizer", "ErnieFastTokenizer"]
    do_lower_case: bool = True
    tokenize_chinese_chars: Literal[True] = True
    strip_accents: Literal[True] | None = None
    model_max_length: Annotated[float, Field(ge=3)] | None = None


class Network(BaseModel):
    """Of what PaddleNLP writes of a network, what it was trained for."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    architectures: list[str] = []
    problem_type: Literal["single_label_classification"] | None = None
    id2label: dict[int, str] | None = None
    max_position_embeddings: Annotated[int, Field(ge=3)] | None = None


def tells_its_task(exported: Exported) -> bool:
    """Whether the network is said to classify texts; other networks have the same files beside them."""
    network = exported.documents.get(MODEL_FILE)
    told = network.get("architectures") if isinstance(network, dict) else None
    return isinstance(told, list) and any(str(each).endswith(CLASSIFIES) for each in told)


def describe_texts(exported: Exported) -> Described:
    """A text in, scores of classes out: PaddleNLP takes the softmax afterwards."""
    where = exported.configuration
    tokenizer = parsed(where, "the file", Tokenizer, exported.documents[TOKENIZER_FILE])
    network = parsed(MODEL_FILE, "the file", Network, exported.documents.get(MODEL_FILE) or {})
    other = [each for each in network.architectures if not each.endswith(CLASSIFIES)]
    if other:
        raise refused(MODEL_FILE, f"architectures = {other} classify no texts")
    inputs = exported.program.inputs
    shape = inputs[0].shape
    if len(shape) != 2 or any(spec.shape != shape for spec in inputs):
        told = {spec.name: list(spec.shape) for spec in inputs}
        raise refused(where, f"the program takes {told}, not numbers of pieces [-1, -1]")
    if len(exported.program.outputs[0].shape) != 2:
        raise refused(
            where, f"the program gives {list(exported.program.outputs[0].shape)}, not [-1, classes]"
        )
    file, classes = named_classes(exported, network)
    labels = label_file(file, "id2label", classes)
    require_classes(exported, f"id2label of {file}", len(classes))
    most = min(tokenizer.model_max_length or LENGTHS[-1], network.max_position_embeddings or LENGTHS[-1])
    buckets = [
        {spec.name: [together, length] for spec in inputs}
        for length in lengths(shape[1], int(most))
        for together in ((shape[0],) if shape[0] > 0 else TEXTS)
    ]
    body = {
        "dictionary": VOCABULARY_FILE,
        "labels": LABELS_FILE,
        "buckets": buckets,
        "constants": {"kind": "text", "lowerCase": tokenizer.do_lower_case, "activation": "Softmax"},
    }
    return Described(Task.TEXT_CLASSIFICATION, "model", "texts", body, {LABELS_FILE: labels})


def lengths(fixed: int, most: int) -> list[int]:
    """The usual lengths up to the longest that the network can take, or the one that it leaves."""
    if fixed > 0:
        return [fixed]
    return [length for length in LENGTHS if length < most] + [min(most, LENGTHS[-1])]


def named_classes(exported: Exported, network: Network) -> tuple[str, list[Any]]:
    """Which file names the classes, and their names in the order of their numbers."""
    told = exported.documents.get(CLASSES_FILE)
    file = MODEL_FILE if told is None else CLASSES_FILE
    if told is None and network.id2label is None:
        raise refused(
            exported.configuration,
            f"nothing names the classes: {MODEL_FILE} has no id2label",
            f'write {CLASSES_FILE} beside it, such as {{"0": "good", "1": "bad"}}',
        )
    if told is not None:
        network = parsed(file, "the file", Network, {"id2label": told})
    named = network.id2label or {}
    if sorted(named) != list(range(len(named))):
        raise refused(file, f"id2label numbers its classes {sorted(named)[:20]}, not from 0 on")
    return file, [named[number] for number in range(len(named))]
