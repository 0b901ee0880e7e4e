#!/usr/bin/env bash
# check.sh [OUT]: what a device can be held to, in one call of at most eight minutes: parity with the published
# code, the same bits again and after a kill, the CPU's losses, time and memory beside PyTorch, 300 steps of
# ListOps. Every part leaves its output in the folder OUT (results/gpu/<card>), failures too; exit 1 if one failed.
#
# It needs the program (SBM, or that of the bundle it lies in) and a python3 with PyTorch. DEVICE is where (cuda);
# DEVICE=cpu tries the script itself on a machine without a GPU, with fewer and smaller points.
# shellcheck disable=SC2317 # parts are called by their names
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
sbm=${SBM:-$here/../bin/sbm}
device=${DEVICE:-cuda}
python=${PYTHON:-python3}
near() { for place in "$here/$1" "$here/../$2/$1"; do [ -e "$place" ] && { echo "$place"; return; }; done; }
golden=$(near golden.h5 Fixtures) peer=$(near pytorch_step.py Peer)
experiments=$here/../experiments
[ -d "$experiments" ] || experiments=$here/../../experiments

card=$device
if [ "$device" != cpu ]; then
  card=$($python -c 'import sys, torch; print(torch.cuda.get_device_name(sys.argv[1]))' "$device") ||
    { echo "error: PyTorch finds no device '$device'" >&2; exit 1; }
fi
out=${1:-results/gpu/${card// /-}}
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
begin=$SECONDS limit=${LIMIT:-480} failed=0
left() { echo $((limit - (SECONDS - begin))); }
# part NAME SECONDS FUNCTION: runs a part, at most so long and never beyond the end; its output goes to a file.
part() {
  local name=$1 most=$2 status=0 start=$SECONDS
  if [ "$most" -gt "$(left)" ]; then most=$(left); fi
  if [ "$most" -le 5 ]; then
    echo "$name: no time left"
    failed=1
    return
  fi
  # A watcher ends what takes longer, with all that it has started.
  set -m
  "$3" >"$out/$name.txt" 2>&1 &
  local child=$!
  set +m
  (sleep "$most"; kill -TERM -- "-$child") >/dev/null 2>&1 &
  local watcher=$!
  wait "$child" || status=$?
  kill "$watcher" 2>/dev/null
  wait "$watcher" 2>/dev/null
  if [ "$status" = 0 ]; then
    echo "$name: ok ($((SECONDS - start)) s)"
  else
    echo "$name: FAILED with $status ($((SECONDS - start)) s), see $out/$name.txt"
    failed=1
  fi
}

machine() {
  "$sbm" --version
  $python -c 'import torch; print("PyTorch", torch.__version__, "CUDA", torch.version.cuda)'
  if [ "$device" != cpu ]; then nvidia-smi; fi
  uname -a
  date -u
}

parity() { "$sbm" verify "$golden" --device "$device" --tolerance "${TOLERANCE:-1e-4}"; }

# training NAME ARGUMENTS…: the command that trains repeated tokens, the paper's task and sizes, into $work/NAME; in
# the array `command`.
training() {
  local name=$1
  shift
  command=("$sbm" run "$experiments/repeats.yaml" --seeds 0 --scale paper --root "$work/data" --out "$work/$name"
    --set training.checkpoint_every=5 --set training.log_every=1 --set training.warmup=10
    --set data.dev_examples=64 --set data.test_examples=64 "$@")
}
train() { training "$@" && "${command[@]}"; }

# The same run twice, and once ended in the middle and resumed: the same losses, evaluations and answers to the bit.
bits() {
  local steps=200 kind
  if [ "$device" = cpu ]; then steps=12; fi
  for kind in softmax sbm; do
    local arguments=(--only "$kind" --set "device=$device" --set "training.steps=$steps" --set "training.eval_every=$steps"
      --set model.dropout=0.1 --set model.attention_dropout=0.1)
    train "$kind-once" "${arguments[@]}" && train "$kind-again" "${arguments[@]}" || return 1
    training "$kind-ended" "${arguments[@]}"
    "${command[@]}" &
    local run=$! log=$work/$kind-ended/repeats-$kind-s0
    until [ -e "$log.checkpoint.h5" ] || ! kill -0 "$run" 2>/dev/null; do sleep 0.2; done
    kill -TERM "$run"
    wait "$run"
    echo "ended with $? (75: interrupted, 0: it had finished)"
    train "$kind-ended" "${arguments[@]}" --resume || return 1
    for name in again ended; do
      echo "$kind once and $name:"
      "$sbm" verify "$work/$kind-once/repeats-$kind-s0.h5" \
        --against "$work/$kind-$name/repeats-$kind-s0.h5" || return 1
    done
  done
}

# Losses of 50 steps on the CPU and on the device. The weights that attention drops are drawn otherwise there, so
# that nothing is dropped here.
losses() {
  local kind place bound
  for kind in softmax sbm; do
    for place in cpu "$device"; do
      train "$kind-losses-$place" --only "$kind" --set "device=$place" --set training.steps=50 \
        --set training.eval_every=50 --set model.attention_dropout=0 || return 1
      # Two runs on one CPU are in one folder.
      if [ "$device" = cpu ]; then break; fi
    done
    # Rounding alone for softmax; edges of a graph that are drawn otherwise because of it move a loss further.
    bound=1e-3
    if [ "$kind" = sbm ]; then bound=2e-2; fi
    echo "$kind, the CPU beside $device:"
    "$sbm" verify "$work/$kind-losses-cpu/repeats-$kind-s0.h5" \
      --against "$work/$kind-losses-$device/repeats-$kind-s0.h5" --losses "$bound" || return 1
  done
}

# Milliseconds of a training step a sequence: every mechanism, then PyTorch, at one length after the other.
bench() {
  local lengths=(1024 2048 4096) batch=32 kinds=() length
  if [ "$device" = cpu ]; then lengths=(256) batch=2 kinds=(--kinds 'softmax,sbm,sbm-fastrg,window'); fi
  for length in "${lengths[@]}"; do
    for name in float32 bfloat16; do
      local precision=()
      if [ "$name" = bfloat16 ]; then precision=(--bfloat16); fi
      if [ "$device" = cpu ] && [ "$name" = bfloat16 ]; then continue; fi
      "$sbm" bench step --device "$device" "${kinds[@]}" --lengths "$length" --batch "$batch" --steps 5 \
        --density 0.05,0.1,0.25 --json "${precision[@]}" | tee -a "$out/bench-$name.jsonl"
      $python "$peer" --device "$device" --length "$length" --batch "$batch" --steps 5 "${precision[@]}" \
        --kinds softmax,sdpa,sbm || true
      $python "$peer" --device "$device" --length "$length" --batch "$batch" --steps 5 "${precision[@]}" \
        --compile --kinds softmax,sdpa || true
    done
  done
}

# ListOps at the published sizes, as far as 300 steps go.
listops() {
  local sizes=(--set training.steps=300 --set training.warmup=100 --set training.eval_every=100)
  if [ "$device" = cpu ]; then
    sizes=(--set training.steps=4 --set training.warmup=2 --set training.eval_every=2 --set training.batch=4
      --set data.train_examples=32 --set data.dev_examples=8 --set data.test_examples=8)
  else
    sizes+=(--set data.train_examples=38400 --set data.test_examples=500 --set data.dev_examples=500)
  fi
  "$sbm" run "$experiments/listops.yaml" --only sbm --seeds 0 --scale paper --root "$work/data" \
    --out "$out/listops" --set "device=$device" "${sizes[@]}" && "$sbm" report "$out/listops"
}

part machine 30 machine
part parity 60 parity
part bits 90 bits
part losses 60 losses
part listops 120 listops
part bench 240 bench
echo "$card: $((SECONDS - begin)) s, output in $out"
exit "$failed"
