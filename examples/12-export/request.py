"""A request for a picture of the given width: `python request.py 1600 | curl --data-binary @- ...`."""

from __future__ import annotations

import json
import random
import sys

HEIGHT = 48


def request(width: int) -> dict[str, object]:
    """Noise from a seed, so that everybody asks the same."""
    values = random.Random(width)  # noqa: S311
    data = [round(values.random(), 3) for _ in range(3 * HEIGHT * width)]
    return {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3, HEIGHT, width], "data": data}]}


if __name__ == "__main__":
    json.dump(request(int(sys.argv[1])), sys.stdout)
