#!/usr/bin/env bash
# The Slurm plan on a real slurmctld and slurmd of this machine, on loopback: the tiny plan, one task killed, one put back into
# the queue while it runs. Ends with the same results.json as a plain run. Needs root and Debian's slurmctld, slurmd and munge; where
# they are not, nothing is tested, and the exit code is 77.
#   tests/slurm/run.sh PATH/TO/gradient-quarantine
set -euo pipefail
program=$(realpath "$1")
root=$(realpath "$(dirname "$0")/../..")
for need in slurmctld slurmd munged sbatch; do
  command -v $need >/dev/null || { echo "NOT TESTED: $need is not installed (Debian: slurmctld slurmd slurm-client munge)"; exit 77; }
done
work=$(mktemp -d)
host=$(hostname -s)
cleanup() {
  scancel --user root 2>/dev/null || true
  pkill -x slurmd || true; pkill -x slurmctld || true; pkill -x munged || true
  rm -rf "$work"
}
trap cleanup EXIT
grep -q "[[:space:]]$host\$" /etc/hosts || echo "127.0.0.1 $host" >>/etc/hosts
mkdir -p "$work/state" "$work/spool" /run/munge
[ -e /etc/munge/munge.key ] || { dd if=/dev/urandom of=/etc/munge/munge.key bs=1 count=1024 2>/dev/null; }
chown -R munge: /etc/munge /run/munge /var/lib/munge /var/log/munge; chmod 400 /etc/munge/munge.key
runuser -u munge -- munged --force
cat >"$work/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
SchedulerParameters=batch_sched_delay=1,sched_interval=1
MinJobAge=600
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF="$work/slurm.conf"
slurmctld; slurmd
for _ in $(seq 300); do sinfo -h -o %t | grep -q idle && break; sleep 1; done
sinfo

plan="$root/src/cli/tests/tiny.toml"
"$program" --root "$root" run --plan "$plan" --device cpu --out "$work/plain" >/dev/null
"$program" --root "$root" plan --plan "$plan" --out "$work/out" --device cpu --format slurm --to "$work/jobs"
aggregate=$(cd "$work/jobs" && bash submit.sh --output "$work/log-%x-%a.txt")

# One training task is killed outright while it runs, another is put back into the queue.
# Every wait is for what it waits for; the numbers only end a test that hangs.
running() { squeue -h -n gq-train -t RUNNING -o "%F_%K" | head -1; }
for how in kill requeue; do
  for _ in $(seq 2400); do task=$(running); [ -n "$task" ] && [ "$task" != "${before:-}" ] && break; sleep 0.5; done
  for _ in $(seq 2400); do pgrep -f 'gradient-quarantine .*train --job' >/dev/null && break; sleep 0.5; done
  # Killed, the task itself asks for another try; requeued, it is told to end.
  if [ $how = kill ]; then kill -KILL "$(pgrep -f 'gradient-quarantine .*train --job' | head -1)"; else scontrol requeue "$task"; fi
  echo "$how: $task"
  before=$task
done
for _ in $(seq 3000); do [ -z "$(squeue -h)" ] && break; sleep 1; done
squeue; scontrol -o show job "$aggregate" | grep -o "JobState=[A-Z]*"
tail -3 "$work"/log-gq-aggregate-*.txt
cmp "$work/out/results.json" "$work/plain/results.json"
test -s "$work/out/paper.pdf"
echo "1 passed, 0 failed"
