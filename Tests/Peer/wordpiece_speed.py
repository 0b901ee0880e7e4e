#!/usr/bin/env python3
"""Measures `sbm tokenize` beside the `tokenizers` library, both on one thread, on the IMDb text.

Both read the same lines and make the same ids; the script checks that every id is equal before it
times anything. The library encodes in memory, which is all that is timed for it. For `sbm tokenize`
the whole process counts: start, reading the vocabulary, reading the lines, writing JSON. Rounds
alternate, and the best round of each counts, so that another program on the machine does not
decide the ratio.

    pip install tokenizers
    python3 Tests/Peer/wordpiece_speed.py --vocab vocab.txt --archive aclImdb_v1.tar.gz

Exits with 1 when ids differ or sbm is less than --ratio times as fast.
"""

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

from tokenizers import BertWordPieceTokenizer  # noqa: E402  (reads the environment)


def reviews(archive, limit):
    """The labelled reviews of the archive, a line each."""
    lines = []
    with tarfile.open(archive) as tar:
        for entry in tar:
            parts = entry.name.split("/")
            if len(parts) == 4 and parts[2] in ("pos", "neg") and entry.name.endswith(".txt"):
                text = tar.extractfile(entry).read().decode("utf-8")
                lines.append(text.replace("\r", " ").replace("\n", " "))
                if len(lines) == limit:
                    break
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vocab", required=True)
    parser.add_argument("--archive", required=True, help="aclImdb_v1.tar.gz")
    parser.add_argument("--sbm", default=".build/release/sbm")
    parser.add_argument("--limit", type=int, default=10000, help="reviews to read (0 for all)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ratio", type=float, default=3.0, help="how many times as fast sbm must be")
    options = parser.parse_args()

    lines = reviews(options.archive, options.limit)
    megabytes = sum(len(line.encode()) for line in lines) / 1e6
    print(f"{len(lines)} reviews, {megabytes:.1f} MB")

    library = BertWordPieceTokenizer(options.vocab, lowercase=True)
    command = [options.sbm, "tokenize", "--vocab", options.vocab]
    with tempfile.TemporaryDirectory() as folder:
        source, target = os.path.join(folder, "in.txt"), os.path.join(folder, "out.jsonl")
        with open(source, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(line + "\n" for line in lines)

        best = {"tokenizers": float("inf"), "sbm tokenize": float("inf")}
        for _ in range(options.rounds):
            start = time.perf_counter()
            encodings = library.encode_batch(lines)
            best["tokenizers"] = min(best["tokenizers"], time.perf_counter() - start)
            with open(source, "rb") as stdin, open(target, "wb") as stdout:
                start = time.perf_counter()
                subprocess.run(command, stdin=stdin, stdout=stdout, check=True)
                best["sbm tokenize"] = min(best["sbm tokenize"], time.perf_counter() - start)

        with open(target, encoding="utf-8") as file:
            ours = [json.loads(row)["ids"] for row in file]
    differing = sum(a.ids != b for a, b in zip(encodings, ours)) + abs(len(lines) - len(ours))
    print(f"lines with other ids: {differing}")
    for name, seconds in best.items():
        print(f"{name:14} {seconds:7.3f} s {megabytes / seconds:8.1f} MB/s")
    ratio = best["tokenizers"] / best["sbm tokenize"]
    print(f"ratio          {ratio:7.2f}")
    return 0 if differing == 0 and ratio >= options.ratio else 1


if __name__ == "__main__":
    sys.exit(main())
