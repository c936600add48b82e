"""Folders as PaddleOCR, PaddleClas, PaddleDetection and PaddleNLP export them, and the documents in them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from paddle_runtime.bundle.bare.described import Exported
from paddle_runtime.bundle.bare.program import Program
from paddle_runtime.bundle.signature import TensorSpec

Document = dict[str, Any]
IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
HALVES = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
PICTURE = ("image", "FP32", (-1, 3, 224, 224))
SCALE = ("scale_factor", "FP32", (-1, 2))
SHAPE = ("im_shape", "FP32", (-1, 2))


def detector_document(**changes: Any) -> Document:
    """inference.yml of PP-OCRv4_mobile_det."""
    operators: list[Document] = [
        {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
        {"DetLabelEncode": None},
        {"DetResizeForTest": {"resize_long": 960}},
        {"NormalizeImage": {**IMAGENET, "order": "hwc", "scale": "1./255."}},
        {"ToCHWImage": None},
        {"KeepKeys": {"keep_keys": ["image", "shape", "polys", "ignore_tags"]}},
    ]
    after = {
        "name": "DBPostProcess", "thresh": 0.3, "box_thresh": 0.6, "max_candidates": 1000,
        "unclip_ratio": 1.5,
    }  # fmt: skip
    return _paddlex("PP-OCRv4_mobile_det", operators, after, changes)


def recogniser_document(characters: list[str], **changes: Any) -> Document:
    """inference.yml of PP-OCRv4_mobile_rec."""
    operators: list[Document] = [
        {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
        {"MultiLabelEncode": {"gtc_encode": "NRTRLabelEncode"}},
        {"RecResizeImg": {"image_shape": [3, 48, 320]}},
        {"KeepKeys": {"keep_keys": ["image", "label_ctc", "label_gtc", "length", "valid_ratio"]}},
    ]
    after = {"name": "CTCLabelDecode", "character_dict": characters}
    return _paddlex("PP-OCRv4_mobile_rec", operators, after, changes)


def classifier_document(labels: list[str], **changes: Any) -> Document:
    """inference.yml of PP-LCNet_x1_0."""
    operators: list[Document] = [
        {"ResizeImage": {"resize_short": 256}},
        {"CropImage": {"size": 224}},
        {"NormalizeImage": {**IMAGENET, "channel_num": 3, "order": "", "scale": 0.00392156862745098}},
        {"ToCHWImage": None},
    ]
    return _paddlex("PP-LCNet_x1_0", operators, {"Topk": {"label_list": labels, "topk": 5}}, changes)


def _paddlex(name: str, operators: list[Document], after: Document, changes: Mapping[str, Any]) -> Document:
    """changes: arguments by operator, None to leave it out, and `post` for the step afterwards."""
    post = {**after, **changes.get("post", {})}
    kept = [
        {operator: changes.get(operator, arguments)}
        for each in operators
        for operator, arguments in each.items()
        if operator not in changes or changes[operator] is not None
    ]
    hpi = {"backend_configs": {"paddle_infer": {"trt_dynamic_shapes": {"x": [[1, 3, 32, 32]]}}}}
    document = {"Global": {"model_name": name}, "Hpi": hpi, "PreProcess": {"transform_ops": kept}}
    return {**document, "PostProcess": post}


def objects_document(labels: list[str], **changes: Any) -> Document:
    """infer_cfg.yml of PP-YOLOE."""
    steps = {
        "Resize": {"interp": 2, "keep_ratio": False, "target_size": [640, 640]},
        "NormalizeImage": {"is_scale": True, **IMAGENET, "norm_type": "mean_std"},
        "Permute": {},
    }
    kept = {name: changes.pop(name, arguments) for name, arguments in steps.items()}
    others = [name for name in changes if name[0].isupper() and name not in {"Global", "Hpi"}]
    more = {name: changes.pop(name) for name in others}
    return {
        "mode": "paddle",
        "draw_threshold": 0.5,
        "metric": "COCO",
        "use_dynamic_shape": False,
        "arch": "PPYOLOE",
        "min_subgraph_size": 3,
        "Preprocess": [
            {**arguments, "type": name}
            for name, arguments in {**kept, **more}.items()
            if arguments is not None
        ],
        "label_list": labels,
        **changes,
    }


def tokenizer_document(**changes: Any) -> Document:
    """tokenizer_config.json of an ERNIE."""
    return {
        "do_lower_case": True, "unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]",
        "cls_token": "[CLS]", "mask_token": "[MASK]", "tokenizer_class": "ErnieTokenizer", **changes,
    }  # fmt: skip


def network_document(labels: list[str], **changes: Any) -> Document:
    """config.json of an ERNIE that classifies."""
    return {
        "architectures": ["ErnieForSequenceClassification"],
        "id2label": {str(number): label for number, label in enumerate(labels)},
        "label2id": {label: number for number, label in enumerate(labels)},
        "max_position_embeddings": 2048, "model_type": "ernie", "type_vocab_size": 4, **changes,
    }  # fmt: skip


def exported(
    inputs: list[tuple[str, str, tuple[int, ...]]],
    outputs: list[tuple[str, str, tuple[int, ...]]],
    **documents: Any,
) -> Exported:
    """What a reader is given. documents: inference_yml is inference.yml; the first says how it is used."""
    named = {name.replace("__", "."): document for name, document in documents.items()}
    program = Program(_specs(inputs), _specs(outputs), "3.2.2")
    return Exported(program, next(iter(named), ""), named)


def _specs(rows: list[tuple[str, str, tuple[int, ...]]]) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec.model_validate({"name": name, "datatype": kind, "shape": shape})
        for name, kind, shape in rows
    )


def exported_folder(program: Path, folder: Path, documents: Mapping[str, Document], *beside: Path) -> Path:
    """A program of a bundle, its weights and files beside it, without model.yaml."""
    folder.mkdir(parents=True)
    for file in (program, program.with_suffix(".pdiparams"), *beside):
        shutil.copyfile(file, folder / file.name)
    # what Paddle writes as a third file: a pickle
    (folder / f"{program.stem}.pdiparams.info").write_bytes(b"\x80\x04\x95")
    for name, document in documents.items():
        json_form = json.dumps(document) if name.endswith(".json") else ""
        text = json_form or yaml.dump(document, default_flow_style=False, allow_unicode=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def exported_pictures(bundle: Path, folder: Path) -> Path:
    """The classifier of examples/10-classification as PaddleClas would have written it."""
    labels = (bundle / "labels.txt").read_text().splitlines()
    normalise = {**HALVES, "channel_num": 3, "order": "", "scale": 1 / 255}
    document = classifier_document(
        labels, ResizeImage={"resize_short": 32}, CropImage={"size": 32}, NormalizeImage=normalise
    )
    return exported_folder(bundle / "inference.pdmodel", folder, {"inference.yml": document})


def exported_shapes(bundle: Path, folder: Path) -> Path:
    """The detector of examples/09-detection as PaddleDetection would have written it."""
    labels = (bundle / "labels.txt").read_text().splitlines()
    document = objects_document(
        labels,
        arch="YOLO",
        Resize={"interp": 1, "keep_ratio": True, "target_size": [128, 128]},
        NormalizeImage={"is_scale": True, **HALVES, "norm_type": "mean_std"},
        PadStride={"stride": 32},
    )
    return exported_folder(bundle / "model.pdmodel", folder, {"infer_cfg.yml": document})


def exported_texts(bundle: Path, folder: Path) -> Path:
    """The classifier of examples/11-text as PaddleNLP would have written it."""
    labels = (bundle / "labels.txt").read_text().splitlines()
    documents = {"tokenizer_config.json": tokenizer_document(), "config.json": network_document(labels)}
    return exported_folder(bundle / "inference.pdmodel", folder, documents, bundle / "vocab.txt")
