#!/usr/bin/env python3
"""The density below which attention over sampled edges is faster than full attention, for each length
and sampler: training steps of `sbm bench`, all ours, every point a process of its own.

The fastest step of all turns counts. Time is a straight line over the density (growth.py checks that);
where the line through the measured points meets full attention's time is the crossover. It is 0 where
even the sparsest graph costs more, and 1 where the densest costs less.

Below it, what `bigbird` and `reformer` take of full attention's time.

    python3 crossover.py
    python3 crossover.py --jsonl points.jsonl   # every point as `sbm report` reads it
"""
import argparse
import json
import sys

from compare import MOST_SPREAD, ROOT, last_json, spread, warn_if_busy
from growth import line_through

SAMPLERS = [("bernoulli", "sbm"), ("fastrg", "sbm-fastrg")]
# Mechanisms whose edges do not come from a sampler, and which have to be cheaper than full attention, too.
OTHERS = ["bigbird", "reformer"]


def crossover(points, full):
    """Where the line through (density, milliseconds) meets `full`."""
    start, slope, _ = line_through(points)
    if slope <= 0:
        return 1.0 if start < full else 0.0
    return min(1.0, max(0.0, (full - start) / slope))


def print_row(name, cells):
    print(name.ljust(10) + "".join(c.rjust(10) for c in cells), flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sbm", default=str(ROOT / ".build/release/sbm"))
    parser.add_argument("--lengths", default="256,1024,4096")
    parser.add_argument("--densities", default="0.02,0.05,0.1,0.25")
    parser.add_argument("--tokens", type=int, default=8192, help="of a step, whatever the length")
    parser.add_argument("--steps", type=int, default=3, help="timed steps of a turn")
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--jsonl", help="a file that every point is added to")
    a = parser.parse_args()
    lengths = [int(x) for x in a.lengths.split(",")]
    densities = [float(x) for x in a.densities.split(",")]
    if len(densities) < 2:
        parser.error("a line takes two densities at least")
    log = open(a.jsonl, "a") if a.jsonl else None
    unsteady = 0

    def measure(kind, length, density=None):
        nonlocal unsteady
        command = [a.sbm, "bench", "step", "--json", "--kinds", kind, "--lengths", str(length)]
        command += ["--batch", str(max(1, a.tokens // length)), "--steps", str(a.steps)]
        command += ["--density", str(density)] if density else []
        results = [last_json(command) for _ in range(a.turns)]
        if failed := next((r["error"] for r in results if r.get("error")), None):
            sys.exit(f"{kind}, n = {length}: {failed}")
        result = min(results, key=lambda r: r["best_ms_per_sequence"])
        unsteady += spread(result) > MOST_SPREAD
        if log:
            log.write(json.dumps(result) + "\n")
            log.flush()
        return result

    warn_if_busy()
    print("Milliseconds a sequence of a training step, full attention beside sbm at each density;")
    print("crossover: the density below which sbm is faster.")
    print_row("", ["n", "softmax"] + [f"{d:g}" for d in densities] + ["crossover"])
    full_of = {n: measure("softmax", n)["best_ms_per_sequence"] for n in lengths}
    for length, full in full_of.items():
        for sampler, kind in SAMPLERS:
            results = [measure(kind, length, density) for density in densities]
            points = [(r["density"], r["best_ms_per_sequence"]) for r in results]
            cells = [f"{length}", f"{full:.1f}"] + [f"{ms:.1f}" for _, ms in points]
            cells.append(f"{crossover(points, full):.3f}")
            print_row(sampler, cells)
    print("And what else takes full attention's place:")
    print_row("", ["n", "softmax", "ms", "share"])
    for kind in OTHERS:
        for length, full in full_of.items():
            ms = measure(kind, length)["best_ms_per_sequence"]
            print_row(kind, [f"{length}", f"{full:.1f}", f"{ms:.1f}", f"{ms / full:.2f}"])
    if unsteady:
        print(f"{unsteady} points whose steps differ by more than {MOST_SPREAD - 1:.0%}.")
    warn_if_busy("something else ran beside the last points")


if __name__ == "__main__":
    main()
