#!/usr/bin/env python3
"""Training steps of `sbm` beside PyTorch's, on this machine, in the same minutes.

Each row is measured in turns (peer, ours, peer, ours, ...), each turn in a process of its own, and
the best turn of each counts, so that both meet the same machine. The ratio is peer / ours in
milliseconds per sequence: forward, loss, backward and AdamW.

    python3 compare.py                       # the table: LRA's classifier at n = 1024, batch 8, then the
                                             # models of GLUE and masked LM at n = 128, batch 32
    python3 compare.py --rows softmax,sbm    # rows whose name begins so
    python3 compare.py --jsonl out.jsonl     # every single measurement, too
    python3 compare.py --check               # end with 1 if a ratio is below the one wanted

Ends with 1 where a side could not be measured.

Needs a Python with torch (`pip install torch`); `--python` or PEER_PYTHON names another one.
"""
import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple, Optional

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

class Row(NamedTuple):
    name: str
    peer: str  # kind there
    ours: str  # kind here
    density: Optional[float]
    wanted: float  # the ratio to reach
    model: str = "lra"
    compiles: bool = False  # whether the peer runs under torch.compile


ROWS = [
    ("softmax", "softmax", "softmax", None, 6),
    ("softmax / sdpa", "sdpa", "softmax", None, 1.3),
    ("sbm bernoulli 0.25", "sbm", "sbm", 0.25, 10),
    ("sbm fastrg 0.25", "sbm", "sbm-fastrg", 0.25, 8),
    ("sbm fastrg 0.05", "sbm", "sbm-fastrg", 0.05, 20),
    ("linear", "linear", "linear", None, 2),
    ("linformer", "linformer", "linformer", None, 2),
    ("performer", "performer", "performer", None, 2),
    ("nystrom", "nystrom", "nystrom", None, 4),
    # Fixed patterns, beside PyTorch's fused attention with a boolean mask.
    ("window 64", "window", "window", None, 3),
    ("strided 32", "strided", "strided", None, 1),
    ("longformer", "longformer", "longformer", None, 1),
    ("bigbird", "bigbird", "bigbird", None, 1),
]
ROWS = [Row(*r) for r in ROWS] + [
    Row(f"{model} {kind}" + " / compiled" * compiles, kind, kind, density, wanted, model, compiles)
    for model in ["glue", "mlm"]
    for kind, density in [("softmax", None), ("sbm", 0.25)]
    for compiles, wanted in [(False, 1.5), (True, 1)]
]

# Length and batch of the models that have sizes of their own.
SIZES = {"glue": (128, 32), "mlm": (128, 32)}

# A step's median this far above the fastest says that something else ran, too.
MOST_SPREAD = 1.15


def last_json(command):
    """The last line that a command prints, as JSON; a failure is a result without numbers."""
    done = subprocess.run(command, capture_output=True, text=True)
    lines = done.stdout.strip().splitlines()
    if done.returncode == 0 and lines:
        return json.loads(lines[-1])
    problem = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
    if done.returncode == -9:
        problem = "out of memory"
    return {"ms_per_sequence": None, "peak_rss_mb": None, "density": None, "error": problem}


def processor_times():
    """Ticks of all cores since the machine began: those in use, and all."""
    with open("/proc/stat") as file:
        ticks = [int(x) for x in file.readline().split()[1:9]]
    idle = ticks[3] + ticks[4]  # idle, and waiting for a disk
    return sum(ticks) - idle, sum(ticks)


def busy_share(seconds=1.0):
    """The share of this machine's cores that others use, while this program waits. The load average would
    still count what was measured a minute ago."""
    used, total = processor_times()
    time.sleep(seconds)
    used_now, total_now = processor_times()
    return (used_now - used) / max(1, total_now - total)


def warn_if_busy(when="times are too long, and ratios unreliable"):
    """Says so where something else keeps a good part of the cores."""
    share = busy_share()
    if share > 0.1:
        print(f"This machine is busy ({share:.0%} of its cores): {when}.", flush=True)


def spread(result):
    """The median step over the fastest, 1 where that is not known."""
    fastest, median = result.get("best_ms_per_sequence"), result.get("ms_per_sequence")
    return median / fastest if fastest and median else 1.0


def best(results):
    measured = [r for r in results if r.get("ms_per_sequence") is not None]
    return min(measured, key=lambda r: r["ms_per_sequence"]) if measured else results[-1]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sbm", default=str(ROOT / ".build/release/sbm"))
    parser.add_argument("--python", default=os.environ.get("PEER_PYTHON", sys.executable))
    parser.add_argument("--rows", default="", help="names' beginnings, separated by commas")
    parser.add_argument("--length", type=int, default=1024)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=3, help="timed steps of a turn")
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--threads", type=int, default=0, help="of both sides; 0 for their default")
    parser.add_argument("--jsonl", help="a file that every measurement is added to")
    parser.add_argument("--check", action="store_true", help="fail if a ratio is below the one wanted")
    a = parser.parse_args()

    if subprocess.run([a.python, "-c", "import torch"], capture_output=True).returncode:
        sys.exit(f"{a.python} has no torch; `pip install torch`, or name another with --python.")
    chosen = [p for p in a.rows.split(",") if p]
    rows = [r for r in ROWS if not chosen or any(r.name.startswith(p) for p in chosen)]
    if not rows:
        sys.exit(f"no row begins with '{a.rows}'; rows: {', '.join(r.name for r in ROWS)}")

    log = open(a.jsonl, "a") if a.jsonl else None
    heading = ["", "peer ms", "ours ms", "ratio", "wanted", "peer MB", "ours MB", "share", "densities"]
    widths = [24, 9, 9, 7, 7, 8, 8, 7, 14]
    failures, unsteady = [], []
    warn_if_busy()
    print("Milliseconds per sequence of a training step")
    print(heading[0].ljust(widths[0]) + "".join(h.rjust(w) for h, w in zip(heading[1:], widths[1:])))
    sizes_before = None
    for row in rows:
        length, batch = SIZES.get(row.model, (a.length, a.batch))
        if sizes_before != (row.model, length, batch):
            print(f"{row.model}, n = {length}, batch {batch}", flush=True)
            sizes_before = (row.model, length, batch)
        name, wanted, density = row.name, row.wanted, row.density
        sizes = ["--model", row.model, "--batch", str(batch), "--steps", str(a.steps)]
        sizes += ["--threads", str(a.threads)]
        extra = ["--density", str(density)] if density else []
        peer_command = [a.python, str(HERE / "pytorch_step.py"), "--kinds", row.peer]
        peer_command += ["--length", str(length)] + sizes + extra + ["--compile"] * row.compiles
        our_command = [a.sbm, "bench", "step", "--json", "--kinds", row.ours]
        our_command += ["--lengths", str(length)] + sizes + extra
        peers, ours = [], []
        for _ in range(a.turns):
            peers.append(last_json(peer_command))
            ours.append(last_json(our_command))
            if log:
                for side, result in (("peer", peers[-1]), ("ours", ours[-1])):
                    log.write(json.dumps({"row": name, "side": side, **result}) + "\n")
                log.flush()
        peer, our = best(peers), best(ours)
        text = lambda x, digits=2: "-" if x is None else f"{x:.{digits}f}"
        ratio = share = None
        if peer["ms_per_sequence"] and our["ms_per_sequence"]:
            ratio = peer["ms_per_sequence"] / our["ms_per_sequence"]
            if max(spread(peer), spread(our)) > MOST_SPREAD:
                unsteady.append(name)
            share = our["peak_rss_mb"] / peer["peak_rss_mb"]
            if a.check and ratio < wanted:
                failures.append(f"{name}: {ratio:.2f} < {wanted:g}")
        else:
            failures.append(f"{name}: not measured")
        densities = "" if density is None else f"{text(peer['density'])} / {text(our['density'])}"
        cells = [
            text(peer["ms_per_sequence"]), text(our["ms_per_sequence"]), text(ratio),
            f"{wanted:g}", str(peer["peak_rss_mb"] or "-"), str(our["peak_rss_mb"] or "-"),
            text(share), densities,
        ]  # fmt: skip
        line = name.ljust(widths[0]) + "".join(c.rjust(w) for c, w in zip(cells, widths[1:]))
        problems = {r["error"] for r in (peer, our) if r.get("error")}
        print(line + ("   " + "; ".join(problems) if problems else ""), flush=True)
    if unsteady:
        print(f"Steps of one turn differ by more than {MOST_SPREAD - 1:.0%}: {', '.join(unsteady)}.")
    if failures:
        sys.exit("; ".join(failures))


if __name__ == "__main__":
    main()
