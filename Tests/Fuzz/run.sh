#!/usr/bin/env bash
# Fuzzes each reader for its share of so many seconds: Tests/Fuzz/run.sh <program> <seconds> [reader …]
set -euo pipefail
cd "$(dirname "$0")"

program=$1 seconds=$2
shift 2
readers=("$@")
((${#readers[@]})) || readers=(yaml listops glue retrieval png cifar archive vocabulary wordpiece log checkpoint)
share=$((seconds / ${#readers[@]}))
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work

for reader in "${readers[@]}"; do
  mkdir "$work/$reader"
  seeds=("Corpus/$reader")
  # Logs and checkpoints are whole HDF5 files; those of the other tests serve.
  case $reader in log | checkpoint) seeds=(../Fixtures/hostile ../HDF5Tests/Fixtures) ;; esac
  # What is found is kept where make was called; a new find is one that stops here.
  if ! SBM_FUZZ_READER=$reader "$program" -max_total_time="$((share > 0 ? share : 1))" -timeout=60 \
    -rss_limit_mb=1024 -max_len=65536 -print_final_stats=1 -artifact_prefix="$work/" \
    "$work/$reader" "${seeds[@]}" >"$work/output" 2>&1; then
    tail -n 40 "$work/output"
    mkdir -p ../../.build/fuzz-finds
    find "$work" -maxdepth 1 -type f ! -name output -exec cp {} ../../.build/fuzz-finds/ \;
    echo "$reader: found something; the input is in .build/fuzz-finds" >&2
    exit 1
  fi
  echo "$reader: $(awk '/number_of_executed_units/ { print $2 }' "$work/output") inputs, nothing found"
done
