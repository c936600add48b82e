"""How long from process start to ready, and what the first request costs against the steady median.

python -m benchmarks.runtime_start --rounds 5
"""

from __future__ import annotations

import argparse
import http.client
import statistics

from benchmarks.runtime_record import Served, page, recognise, summary, write

STEADY_REQUESTS = 15


def one_round(body: bytes, workers: int) -> dict[str, float]:
    with Served(workers) as server:
        port = server.port()
        listening = server.wait("/health")
        ready = server.wait()
        caller = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        first, _ = recognise(caller, body)
        warm = server.wait_all_warm()
        steady = [recognise(caller, body)[0] for _ in range(STEADY_REQUESTS)]
        caller.close()
        metrics = server.metrics()
        median = statistics.median(steady)
        return {
            "listening_seconds": listening,
            "ready_seconds": ready,
            "all_warm_seconds": warm,
            "first_request_seconds": first,
            "steady_median_seconds": median,
            "first_to_steady_ratio": first / median,
            "front_end_resident_mib": metrics["process_resident_memory_bytes"] / 2**20,
            "worker_resident_mib": metrics['paddle_runtime_worker_resident_memory_bytes{worker="0"}'] / 2**20,
        } | {
            f"load_{phase}_seconds": metrics[f'paddle_runtime_model_load_seconds{{phase="{phase}"}}']
            for phase in ("verify", "load", "self-test", "warm-up")
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=1, help="1 shows a worker's own start, undisturbed")
    asked = parser.parse_args()
    body = page()
    rounds = [one_round(body, asked.workers) for _ in range(asked.rounds)]
    figures = {name: summary([each[name] for each in rounds]) for name in rounds[0]}
    write("runtime_start", {"workers": asked.workers, **figures})


if __name__ == "__main__":
    main()
