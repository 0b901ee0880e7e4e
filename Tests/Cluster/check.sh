#!/usr/bin/env bash
# Runs over several processes and machines give the bits of one process: with mpirun, and on a Slurm
# cluster of two nodes that is started on this machine and stopped again. Minutes; needs a program that was
# built with MPI. `make test-cluster` installs and builds what it needs.
set -euo pipefail
cd "$(dirname "$0")/../.."
export SBM=${SBM:-$PWD/.build/release/sbm}

work=$(mktemp -d "${TMPDIR:-/tmp}/sbm-cluster.XXXXXX")
cluster=$work/cluster
export SBM_DATA=$work/data
# Both nodes are this machine: what belongs to one node would meet in shared memory.
export OMPI_MCA_btl=self,tcp OMPI_MCA_btl_tcp_if_include=lo OMPI_MCA_btl_base_warn_component_unused=0
# Open MPI refuses root unless told.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1

# shellcheck source=cluster.sh
. Tests/Cluster/cluster.sh
trap 'code=$?; stop_cluster; [ $code = 0 ] || show_logs; rm -rf "$work"; exit $code' EXIT
current=
trap 'exit 130' INT TERM

show_logs() {
  local file
  for file in "$work"/*.out "$cluster"/log/*.log; do
    [ -s "$file" ] && { echo "== $file"; tail -20 "$file"; }
  done
  echo "error: it failed in: $current" >&2
}

fail() { echo "error: $*" >&2; exit 1; }
step() { current=$*; echo "$(date +%T) $*"; }

# Steps of some twenty micro-batches, so that seven processes have something to add.
run=(experiments/listops.yaml --scale smoke --set training.batch=24 --set training.shard_tokens=256
  --set training.warmup=5 --set training.checkpoint_every=7 --set threads=1)
short=("${run[@]}" --set training.steps=12 --set training.eval_every=6)
length=${LENGTH:-400}
long=("${run[@]}" --only softmax --set training.steps="$length" --set training.eval_every=$((length / 4)))
endless=("${run[@]}" --only softmax --set training.steps=1000000 --set training.eval_every=500000)

# content FILE: all of an HDF5 file, every bit of its numbers, but what tells how and when it was made.
content() {
  h5dump -y -m %a "$1" | sed -e 1d \
    -e '/^   ATTRIBUTE "\(created\|hardware\|seconds\)"/,/^   }$/d' \
    -e '/^   GROUP "\(cost\|settings\)"/,/^   }$/d' -e '/^   DATASET "config"/,/^   }$/d' \
    -e '/^      DATASET "seconds"/,/^      }$/d'
}

# same A B: the logs tell of the same computation, and the checkpoints have the same numbers, to the bit.
same() {
  local kind
  for kind in h5 checkpoint.h5; do
    [ "$(content "$1.$kind" | wc -l)" -gt 100 ] || fail "$1.$kind cannot be read"
    cmp <(content "$1.$kind") <(content "$2.$kind") || fail "$1.$kind and $2.$kind differ"
  done
}

# steps LOG: the steps that a log has rows for.
steps() { { h5ls "$1/train/step" 2>/dev/null || true; } | sed -n 's/.*{\([0-9]*\).*/\1/p'; }
has_steps() { [ "$(steps "$1")" -ge "$2" ] 2>/dev/null; }

# ranks PATTERN: the process of each rank of what runs with this in its command line, in their order.
ranks() {
  local file
  for file in /proc/[0-9]*/cmdline; do
    { tr '\0' ' ' <"$file"; } 2>/dev/null | grep -q "^$SBM run .*$1" || continue
    local pid=${file//[!0-9]/}
    echo "$(tr '\0' '\n' <"/proc/$pid/environ" | sed -n 's/^OMPI_COMM_WORLD_RANK=//p; s/^PMIX_RANK=//p' | head -1) $pid"
  done | sort -n | cut -d' ' -f2
}

mpi() { mpirun --bind-to none -n "$@"; }

# ended WITHIN PID: awaits a background command that is to end within so many seconds; its exit code is in `code`.
# Not for $(…): a subshell cannot wait for what its parent has started.
ended() {
  timeout "$1" tail --pid="$2" -f /dev/null || fail "it does not end within $1 s"
  code=0
  wait "$2" || code=$?
}

step "one process"
"$SBM" run "${short[@]}" --out "$work/one" >"$work/one.out" 2>&1
"$SBM" run "${long[@]}" --out "$work/long" >"$work/long.out" 2>&1 &
reference=$!

step "3, 4 and 7 processes"
for count in 3 4 7; do
  # The first of them makes its caches anew: one process does, the others wait.
  SBM_CACHE=$work/cache-$count mpi $count "$SBM" run "${short[@]}" --out "$work/mpi-$count" \
    --set threads=$((1 + count % 2)) >"$work/mpi-$count.out" 2>&1
  for variant in softmax sbm sbm-fastrg; do
    same "$work/one/listops-$variant-s0" "$work/mpi-$count/listops-$variant-s0"
  done
done
"$SBM" show "$work/mpi-3/listops-sbm-s0.h5" | grep -E 'processes +3, each sends'

wait $reference || fail "the run of one process failed"
step "a signal to one of 4 processes; 3 go on"
pattern=$work/signal
for signal in USR1 USR2 TERM; do
  mpi 4 "$SBM" run "${long[@]}" --resume --out "$pattern" >>"$work/signal.out" 2>&1 &
  job=$!
  before=$(steps "$pattern/listops-softmax-s0.h5")
  wait_for 60 has_steps "$pattern/listops-softmax-s0.h5" $((${before:-0} + 20))
  kill -$signal "$(ranks "$pattern" | sed -n 3p)"
  ended 60 $job
  [ $code = 75 ] || fail "after $signal: exit code $code, not 75"
done
mpi 3 "$SBM" run "${long[@]}" --resume --out "$pattern" >>"$work/signal.out" 2>&1
same "$work/long/listops-softmax-s0" "$pattern/listops-softmax-s0"

step "a stalled process"
pattern=$work/stall
mpi 3 "$SBM" run "${long[@]}" --rank-timeout 3 --out "$pattern" >"$work/stall.out" 2>&1 &
job=$!
wait_for 60 has_steps "$pattern/listops-softmax-s0.h5" 20
kill -STOP "$(ranks "$pattern" | sed -n 2p)"
ended 30 $job
case $code in 0 | 75) fail "a stalled process: exit code $code" ;; esac
grep -q 'has waited 3 s for process' "$work/stall.out"
mpi 2 "$SBM" run "${long[@]}" --resume --out "$pattern" >>"$work/stall.out" 2>&1
same "$work/long/listops-softmax-s0" "$pattern/listops-softmax-s0"

step "a cluster of two nodes"
start_cluster
submit() { sbatch --parsable --chdir="$PWD" --cpus-per-task=1 --mem=500 "$@"; }
mkdir -p "$work/slurm"

step "a sweep as a job array of two parts"
array=$(PARTS=2 submit --array=1-2 --output="$work/array-%a.out" experiments/slurm/array.sbatch "${short[@]}" \
  --out "$work/array")
wait_for 120 has_ended "$array"
[ "$(state "$array")" = COMPLETED ] || fail "the array: $(state "$array")"
for variant in softmax sbm sbm-fastrg; do
  same "$work/one/listops-$variant-s0" "$work/array/listops-$variant-s0"
  grep -l "listops-$variant-s0.h5" "$work"/array-?.out | grep -c . | grep -qx 1 ||
    fail "listops-$variant-s0 is not in one part"
done

step "two nodes, a process killed in the middle"
pattern=$work/two-nodes
job=$(submit --nodes=2 --output="$work/two-nodes.out" experiments/slurm/data-parallel.sbatch "${long[@]}" \
  --out "$pattern")
wait_for 60 has_steps "$pattern/listops-softmax-s0.h5" 30
kill -KILL "$(ranks "$pattern" | sed -n 2p)"
wait_for 60 has_ended "$job"
[ "$(state "$job")" = FAILED ] || fail "a killed process: the job is $(state "$job")"
job=$(submit --nodes=2 --output="$work/two-nodes.out" experiments/slurm/data-parallel.sbatch "${long[@]}" \
  --out "$pattern")
wait_for 120 has_ended "$job"
[ "$(state "$job")" = COMPLETED ] || fail "the continued job is $(state "$job")"
same "$work/long/listops-softmax-s0" "$pattern/listops-softmax-s0"

step "a job that is requeued before its time is up"
log=$work/requeue/listops-softmax-s0.h5
# Slurm looks at time limits twice a minute, and signals a job whose time would run low before the second look
# after: with 20 s to spare that is 10 to 40 s after its start, when it is well in training.
job=$(submit --time=1 --signal=USR1@20 --output="$work/requeue.out" experiments/slurm/requeue.sbatch \
  "${endless[@]}" --out "$work/requeue")
is_requeued() {
  grep -q '^start 1' "$work/requeue.out" 2>/dev/null && return
  ! has_ended "$job" || fail "it was not requeued: the job is $(state "$job")"
  return 1
}
wait_for 150 is_requeued
grep -q 'interrupted; the same command with --resume' "$work/requeue.out" || fail "it was not stopped"
stopped=$(steps "$log")
wait_for 60 has_steps "$log" $((stopped + 200))
scancel "$job"
wait_for 60 has_ended "$job"
"$SBM" run "${endless[@]}" --out "$work/endless" >"$work/endless.out" 2>&1 &
reference=$!
wait_for 150 has_steps "$work/endless/listops-softmax-s0.h5" $((stopped + 100))
kill -TERM $reference
ended 60 $reference
[ $code = 75 ] || fail "TERM: exit code $code, not 75"
losses() { h5dump -d /train/loss -y -w 1 -m %a "$1" | grep -E '^ *[-0-9a-fx.p+]+,?$' | head -$((stopped + 100)) | tr -d ', '; }
[ "$(losses "$log" | wc -l)" = $((stopped + 100)) ] || fail "the requeued run lacks rows"
cmp <(losses "$log") <(losses "$work/endless/listops-softmax-s0.h5") || fail "the requeued run differs"

step "done"
