# A Slurm cluster of two nodes on this machine: munged, slurmctld and two slurmd on loopback, without
# systemd. To be sourced; $cluster is the folder of its files. What is started here is stopped here.
# shellcheck shell=bash
: "${cluster:?the folder of its files}"

# start_cluster: starts it, and waits until both nodes are idle.
start_cluster() {
  mkdir -p "$cluster"/{state,log,spool.n0,spool.n1,tmp.n0,tmp.n1}
  chmod 755 "$cluster"
  local ports
  read -ra ports < <(python3 - <<'PYTHON'
import socket
sockets = [socket.socket() for _ in range(3)]
for s in sockets:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))
PYTHON
)
  sed -e "s#@HOST@#$(hostname)#g; s#@DIR@#$cluster#g; s#@USER@#$(id -un)#g" \
    -e "s#@PLUGINS@#$(dirname "$(find /usr/lib -name auth_munge.so -path '*slurm*' | head -1)")#" \
    -e "s#@PORT0@#${ports[0]}#; s#@PORT1@#${ports[1]}#; s#@PORT2@#${ports[2]}#" \
    Tests/Cluster/slurm.conf.in >"$cluster/slurm.conf"
  export SLURM_CONF=$cluster/slurm.conf
  (umask 077 && head -c 1024 /dev/urandom >"$cluster/munge.key")
  daemon munged --foreground --force --key-file="$cluster/munge.key" --socket="$cluster/munge.socket" \
    --pid-file="$cluster/munged.pid" --log-file="$cluster/log/munged.log" \
    --seed-file="$cluster/munged.seed" --num-threads=2
  wait_for 10 test -S "$cluster/munge.socket"
  daemon slurmctld -D -f "$SLURM_CONF"
  daemon slurmd -D -N n0 -f "$SLURM_CONF"
  daemon slurmd -D -N n1 -f "$SLURM_CONF"
  wait_for 30 nodes_are_idle
}

# daemon COMMAND…: starts it in the background and remembers it for stop_cluster.
daemons=()
daemon() {
  PATH=$PATH:/usr/sbin "$@" >>"$cluster/log/$1.out" 2>&1 &
  daemons=($! "${daemons[@]}")
}

nodes_are_idle() { [ "$(sinfo -h -N -o %t 2>/dev/null | grep -c '^idle$')" = 2 ]; }

# stop_cluster: ends the jobs that are left, then the daemons, the last one started first.
stop_cluster() {
  if [ -n "${SLURM_CONF:-}" ]; then
    timeout 10 scancel --user="$(id -un)" --signal=KILL --full 2>/dev/null || true
    timeout 10 scancel --user="$(id -un)" 2>/dev/null || true
  fi
  local pid
  for pid in "${daemons[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "${daemons[@]}"; do
    timeout 10 tail --pid="$pid" -f /dev/null || kill -KILL "$pid" 2>/dev/null || true
  done
  daemons=()
}

# wait_for SECONDS COMMAND…: until the command succeeds.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    if [ $SECONDS -ge $end ]; then
      echo "error: waited in vain for: $*" >&2
      return 1
    fi
    sleep 0.2
  done
}

# state JOB: COMPLETED, RUNNING, PENDING, …
state() { scontrol -o show job "$1" 2>/dev/null | grep -o 'JobState=[A-Z_]*' | cut -d= -f2 | sort -u | xargs; }

has_ended() { ! state "$1" | grep -qE 'PENDING|RUNNING|CONFIGURING|COMPLETING|REQUEUED'; }
