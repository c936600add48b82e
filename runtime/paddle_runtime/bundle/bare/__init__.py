"""Bare folders: models as PaddleOCR, PaddleClas, PaddleDetection, PaddleX and PaddleNLP export them."""
