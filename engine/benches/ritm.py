"""Times RITM here and in the reference implementation, in turns, on one thread of the same processor.

    pip install torch==2.8.0 numpy==2.4.6
    git clone https://github.com/SamsungLabs/ritm_interactive_segmentation
    cargo bench -p engine --bench ritm --no-run        # prints the program's path
    python engine/benches/ritm.py PROGRAM ritm_interactive_segmentation

Both compute the logits of a 512 x 512 image and its mirror image for one click. Processor time, so that
other programs disturb it little; one call of each before the clock starts.
"""
import statistics
import subprocess
import sys
import time

import numpy as np
import torch

program, reference = sys.argv[1:3]
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
np.int = int  # the reference was written for numpy < 1.24
sys.path.insert(0, reference)
from isegm.model.is_hrnet_model import HRNetModel  # noqa: E402

NETWORKS = {"h18s": (18, 48, True), "h32": (32, 128, False)}
torch.set_num_threads(1)
torch.manual_seed(1)


def build(width, ocr, small):
    return HRNetModel(width=width, ocr_width=ocr, small=small, with_aux_output=True, use_leaky_relu=True, use_rgb_conv=False,
                      use_disks=True, norm_radius=5, with_prev_mask=True).eval()


image = torch.rand(2, 4, 512, 512)
image[:, 3] = 0
points = torch.tensor([[[200.0, 300.0, 0.0], [-1.0, -1.0, -1.0]]] * 2)


def theirs(network):
    before = time.process_time()
    with torch.inference_mode():
        network(image, points)["instances"]
    return time.process_time() - before


engine = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ours(name):
    engine.stdin.write(name + "\n")
    engine.stdin.flush()
    return float(engine.stdout.readline())


for name, shape in NETWORKS.items():
    network = build(*shape)
    theirs(network), ours(name)
    times = [(theirs(network), ours(name)) for _ in range(rounds)]
    reference_s, engine_s = (statistics.median(column) for column in zip(*times))
    print(f"{name}: PyTorch {torch.__version__} {reference_s:.2f} s, engine {engine_s:.2f} s, ratio {reference_s / engine_s:.2f} "
          f"(medians of {rounds}; ratio per round {', '.join(f'{a / b:.2f}' for a, b in times)})")
engine.stdin.close()
