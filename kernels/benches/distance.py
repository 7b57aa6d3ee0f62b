"""Times distance transforms here and in OpenCV and SciPy, in turns, on one thread of the same processor.

    pip install numpy==2.4.6 opencv-python-headless==5.0.0.93 scipy==1.17.1
    cargo bench --workspace --bench distance --no-run        # prints the program's path
    python kernels/benches/distance.py PROGRAM [ROUNDS]

Masks of 512 x 512 and 1024 x 1024 pixels: a lesion (a disc of a tenth of the side), an organ (an ellipse over a third of the
picture, with holes) and a body (nine tenths of the picture). Processor time, so that other programs disturb it little; one call of
each before the clock starts. Prompt rules ask for a ring of zeros around the picture: the peers are given masks that have it already;
here the border counts as one.
"""
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from scipy import ndimage

program = sys.argv[1]
rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 30
cv2.setNumThreads(1)


def masks(side):
    y, x = (axis / side - 0.5 for axis in np.mgrid[:side, :side])
    organ = (y / 0.4) ** 2 + (x / 0.3) ** 2 < 1
    for row, column in [(-0.2, 0.1), (0.1, -0.1), (0.15, 0.12)]:
        organ &= np.hypot(y - row, x - column) > 0.04
    return {"lesion": np.hypot(y - 0.1, x + 0.2) < 0.05, "organ": organ, "body": np.maximum(abs(y), abs(x)) < 0.475}


def padded(mask):
    return np.pad(mask.astype("uint8"), 1)


PEERS = {
    "chamfer3": ("OpenCV", lambda mask: cv2.distanceTransform(mask, cv2.DIST_L2, 3)),
    "chamfer5": ("OpenCV", lambda mask: cv2.distanceTransform(mask, cv2.DIST_L2, 5)),
    "exact": ("SciPy", lambda mask: ndimage.distance_transform_edt(mask)),
}

engine = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ours(metric, side, path):
    engine.stdin.write(f"{metric} {side} {path}\n")
    engine.stdin.flush()
    return float(engine.stdout.readline())


def theirs(transform, mask):
    before = time.process_time()
    transform(mask)
    return time.process_time() - before


print("| metric | mask | here, ms | peer, ms | peer / here |\n|---|---|---|---|---|")
with tempfile.TemporaryDirectory() as folder:
    for side in 512, 1024:
        for name, mask in masks(side).items():
            path = Path(folder) / f"{name}_{side}"
            path.write_bytes(mask.astype("uint8").tobytes())
            for metric, (peer, transform) in PEERS.items():
                theirs(transform, padded(mask)), ours(metric, side, path)
                times = [(theirs(transform, padded(mask)), ours(metric, side, path)) for _ in range(rounds)]
                there, here = (1e3 * statistics.median(column) for column in zip(*times))
                print(f"| {metric} | {name}, {side}² | {here:.2f} | {peer} {there:.2f} | {there / here:.1f} |", flush=True)
engine.stdin.close()
