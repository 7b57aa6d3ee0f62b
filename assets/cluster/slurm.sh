#!/bin/sh
# A run in shards as a Slurm job array, then the merge when all have ended:
#
#     job=$(sbatch --parsable --array=1-200 assets/cluster/slurm.sh study.ron 200)
#     sbatch --dependency=afterany:"$job" --wrap "engine merge runs/study"
#
# The merge refuses, and names the shards, while some are missing. Shards that were cut off go on
# when the same lines are given again, with all indices or with those named.
#SBATCH --job-name=engine
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=TERM@30
#SBATCH --output=engine-%A-%a.log
# For a GPU: #SBATCH --gpus=1, and the device below.
set -eu

exec engine run "$1" --offline \
    --shard "$SLURM_ARRAY_TASK_ID/$2" \
    --threads "$SLURM_CPUS_PER_TASK"
