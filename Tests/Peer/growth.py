#!/usr/bin/env python3
"""How the cost of `sbm` grows, measured on training steps and held against what is claimed:

- SBM attention with a fixed number of edges a query costs at most 2.3 times more when n doubles;
- at one length its time is a straight line over the density;
- long texts fit in memory: attention needs no n x n matrix.

Every point is a process of its own; the fastest step of all turns counts. Ends with 1 if a claim does
not hold.

    python3 growth.py
"""
import argparse
import sys

from compare import ROOT, last_json

DENSITIES = [0.01, 0.05, 0.1, 0.25, 0.5]
MOST_GROWTH = 2.3
LEAST_R2 = 0.98
LONG, MOST_MB = 16384, 2048


def line_through(points):
    """Intercept, slope and r² of the least-squares line."""
    n = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    over = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / over
    start = mean_y - slope * mean_x
    left = sum((y - start - slope * x) ** 2 for x, y in points)
    total = sum((y - mean_y) ** 2 for _, y in points)
    return start, slope, 1 - left / total if total else 1.0


class Bench:
    def __init__(self, program, steps, turns):
        self.program, self.steps, self.turns = program, steps, turns

    def __call__(self, kind, length, batch, density=None, turns=None):
        command = [self.program, "bench", "step", "--json", "--kinds", kind]
        command += ["--lengths", str(length), "--batch", str(batch), "--steps", str(self.steps)]
        command += ["--density", str(density)] if density else []
        results = [last_json(command) for _ in range(turns or self.turns)]
        if failed := next((r["error"] for r in results if r.get("error")), None):
            sys.exit(f"{kind}, n = {length}: {failed}")
        return min(results, key=lambda r: r["best_ms_per_sequence"])


def verdict(holds):
    return "holds" if holds else "DOES NOT HOLD"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sbm", default=str(ROOT / ".build/release/sbm"))
    parser.add_argument("--length", type=int, default=2048, help="of the line over the density")
    parser.add_argument("--steps", type=int, default=3, help="timed steps of a turn")
    parser.add_argument("--turns", type=int, default=2)
    a = parser.parse_args()
    bench, all_hold = Bench(a.sbm, a.steps, a.turns), True

    short, long = bench("sbm-fastrg", 4096, 1, 0.05), bench("sbm-fastrg", 8192, 1, 0.025)
    growth = long["best_ms_per_sequence"] / short["best_ms_per_sequence"]
    all_hold &= growth <= MOST_GROWTH
    print(f"sbm fastrg, 205 edges a query, n = 4096 to 8192: {growth:.2f} times the time")
    print(f"  at most {MOST_GROWTH}: {verdict(growth <= MOST_GROWTH)}", flush=True)

    for kind in ["sbm", "sbm-fastrg"]:
        results = [bench(kind, a.length, 2, density) for density in DENSITIES]
        points = [(r["density"], r["best_ms_per_sequence"]) for r in results]
        start, slope, r2 = line_through(points)
        all_hold &= r2 >= LEAST_R2
        print(f"{kind}, n = {a.length}, ms a sequence at density " + ", ".join(
            f"{x:.3f}: {y:.1f}" for x, y in points))  # fmt: skip
        print(f"  {start:.1f} + {slope:.1f} * density, r² {r2:.4f}")
        print(f"  at least {LEAST_R2}: {verdict(r2 >= LEAST_R2)}", flush=True)

    for kind, density in [("softmax", None), ("window", None), ("sbm-fastrg", 0.01)]:
        result = bench(kind, LONG, 1, density, turns=1)
        peak = result["peak_rss_mb"]
        all_hold &= peak < MOST_MB
        print(f"{kind}, n = {LONG}: {result['best_ms_per_sequence']:.0f} ms a step, peak {peak} MB")
        print(f"  below {MOST_MB} MB: {verdict(peak < MOST_MB)}", flush=True)
    sys.exit(0 if all_hold else 1)


if __name__ == "__main__":
    main()
