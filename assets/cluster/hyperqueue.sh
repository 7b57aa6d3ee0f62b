#!/bin/sh
# A run in shards with HyperQueue: on one machine, or on as many as start a worker.
#
#     sh assets/cluster/hyperqueue.sh study.ron 8
#
# All machines must see the same folders. On a cluster, leave out the worker below and let HyperQueue
# ask the scheduler for them, with GPUs if there are any:
#
#     hq alloc add slurm --time-limit 4h -- --partition=gpu --gpus=1
set -eu

scenario=$1
shards=$2

# A server of its own, gone when the run is over.
HQ_SERVER_DIR=$(mktemp -d)
export HQ_SERVER_DIR
hq server start &
trap 'hq server stop; wait; rm -rf "$HQ_SERVER_DIR"' EXIT
until hq server info >/dev/null 2>&1; do sleep 1; done
hq worker start &

# Submits one task per shard, follows them, submits those that failed again, and merges.
engine submit "$scenario" --hq --shards "$shards"
