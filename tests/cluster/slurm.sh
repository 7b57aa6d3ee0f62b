#!/usr/bin/env bash
# assets/cluster/slurm.sh on a real Slurm of one node: eight shards, one killed while it plays; given
# again and merged, they must be the run without shards. Needs root, Debian's slurmctld, slurmd,
# slurm-client and munge, a build of the tests, and MobileSAM's weights in $1.
set -euo pipefail
cd "$(dirname "$0")/../.."

weights=$(realpath "$1")
program=$(realpath "${CARGO_TARGET_DIR:-target}/debug/engine-under-test")
script=$(realpath assets/cluster/slurm.sh)
here=$(mktemp -d)
host=$(hostname -s)
pids=()
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$here"
}
trap finish EXIT

mkdir "$here/bin" "$here/state" "$here/spool"
cp "$program" "$here/bin/engine"
export PATH="$here/bin:$PATH" ENGINE_MODELS="$weights" SLURM_CONF="$here/slurm.conf"
cat > "$SLURM_CONF" <<CONF
ClusterName=one
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$here/munge.socket
StateSaveLocation=$here/state
SlurmdSpoolDir=$here/spool
SlurmctldPidFile=$here/slurmctld.pid
SlurmdPidFile=$here/slurmd.pid
SlurmctldLogFile=$here/slurmctld.log
SlurmdLogFile=$here/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=2
PartitionName=all Nodes=$host Default=YES
CONF
head -c 1024 /dev/urandom > "$here/munge.key"
chmod 0400 "$here/munge.key"
chmod 0711 "$here"
munged --foreground --force --key-file "$here/munge.key" --socket "$here/munge.socket" \
    --pid-file "$here/munged.pid" --seed-file "$here/munged.seed" \
    --log-file "$here/munged.log" >/dev/null 2>&1 &
pids+=($!)
until [ -S "$here/munge.socket" ]; do sleep 0.1; done
slurmctld -D >/dev/null 2>&1 &
pids+=($!)
slurmd -D >/dev/null 2>&1 &
pids+=($!)
for second in $(seq 60); do
    sinfo -h -o %T 2>/dev/null | grep -q '^idle' && break
    [ "$second" -lt 60 ] || { cat "$here"/*.log >&2; echo "Slurm does not start" >&2; exit 1; }
    sleep 1
done

cd "$here"
cat > study.ron <<'RON'
(
    name: "study", models: ["mobile_sam"],
    datasets: [phantoms(name: "p", modality: breast_ultrasound, cases: 16, size: 64)],
    strategies: [(name: "clicks", first: [point(object)], then: iterate(prompts: 2))],
)
RON
submit() {
    sbatch --parsable --array=1-8 --cpus-per-task=1 --mem=1 "$script" study.ron 8
}
drain() {
    while [ -n "$(squeue -h)" ]; do sleep 1; done
}

submit >/dev/null
# A shard that has begun: its first batch of slices takes seconds.
until [ -e runs/study/shards/2-of-8/journal.log ]; do sleep 0.1; done
victim=$(pgrep -f "^engine run study.ron --offline --shard 2/8")
kill -9 "$victim"
drain
! engine -q merge runs/study 2> refusal || { echo "an unfinished shard was merged" >&2; exit 1; }
grep -q "not finished" refusal
submit >/dev/null
drain
engine -q merge runs/study > merged.txt
engine -q run study.ron --offline --out local > local.txt
for file in rows.csv predictions.jsonl failures.csv summary.csv journal.log overlays; do
    diff -r "runs/study/$file" "local/study/$file"
done
echo "8 shards, one killed and played again: the same bytes as the local run"
