"""Says how many threads of a program want a processor while it runs, whether or not they get one: how well it would scale alone.

    python engine/benches/runnable.py target/release/engine run scenarios/algorithm1.ron --fresh --threads 2     # Linux

On a machine that others use, the time a run takes says little. The mean estimates what threads gain over one if each has a processor and
the processor time is the same. A thread that waits for another's work, which itself waits for a processor, counts as idle, so that the
estimate is rather low; one that spins while it waits would count as busy, and show as more processor time.
"""
import collections
import os
import resource
import subprocess
import sys
import time

run = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
samples = collections.Counter()
while run.poll() is None:
    states = []
    for task in os.listdir(f"/proc/{run.pid}/task"):
        try:
            with open(f"/proc/{run.pid}/task/{task}/stat") as file:
                states.append(file.read().rsplit(")", 1)[1].split()[0])
        except OSError:  # the thread has ended
            pass
    samples[states.count("R")] += 1
    time.sleep(0.004)

busy = {count: times for count, times in samples.items() if count}
mean = sum(count * times for count, times in busy.items()) / sum(busy.values())
used = resource.getrusage(resource.RUSAGE_CHILDREN)
shares = ", ".join(f"{count}: {times / sum(busy.values()):.0%}" for count, times in sorted(busy.items()))
print(f"exit {run.returncode}; {mean:.2f} threads runnable on average ({shares}); {used.ru_utime + used.ru_stime:.2f} s of processor time, "
      f"{used.ru_maxrss / 2**20:.2f} GiB at the peak")
