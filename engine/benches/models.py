"""Times networks here and in their reference implementations, in turns, on one thread of the same processor.

    pip install torch==2.8.0 torchvision==0.23.0 numpy==2.4.6 segment-anything==1.0 onnx==1.23.2 onnxruntime==1.32.0
    git clone https://github.com/SamsungLabs/ritm_interactive_segmentation      # for ritm_*
    cargo bench -p engine --bench models --no-run        # prints the program's path
    python engine/benches/models.py PROGRAM [--ritm ritm_interactive_segmentation] [--rounds 5] [NETWORK...]

Networks: ritm_h18s, ritm_h32 (logits of a 512 x 512 slice and its mirror image for one click), sam_vit_b, sam_vit_l, sam_vit_h
(embedding of a 1024 x 1024 frame). With PRECISION=bf16 in the environment, ours rounds operands to it. Random weights: they do not change the work. `--onnx` also times ONNX Runtime on SAM's encoders as
PyTorch exports them. Processor time, so that other programs disturb it little; one call of each before the clock starts.
"""
import argparse
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("networks", nargs="*")
parser.add_argument("--ritm", help="a clone of the reference implementation of RITM")
parser.add_argument("--onnx", action="store_true")
parser.add_argument("--rounds", type=int, default=5)
arguments = parser.parse_intermixed_args()

torch.set_num_threads(1)
torch.manual_seed(1)


def ritm(width, ocr, small):
    np.int = int  # the reference was written for numpy < 1.24
    sys.path.insert(0, arguments.ritm)
    from isegm.model.is_hrnet_model import HRNetModel

    network = HRNetModel(width=width, ocr_width=ocr, small=small, with_aux_output=True, use_leaky_relu=True, use_rgb_conv=False,
                         use_disks=True, norm_radius=5, with_prev_mask=True).eval()
    image = torch.rand(2, 4, 512, 512)
    image[:, 3] = 0
    points = torch.tensor([[[200.0, 300.0, 0.0], [-1.0, -1.0, -1.0]]] * 2)
    return lambda: network(image, points)["instances"]


def sam(kind):
    from segment_anything import sam_model_registry

    return sam_model_registry[kind]().image_encoder.eval(), torch.rand(1, 3, 1024, 1024)


def in_pytorch(encoder, frame):
    return lambda: encoder(frame)


def in_onnx_runtime(encoder, frame):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/encoder.onnx"
        torch.onnx.export(encoder, frame, path, input_names=["frame"], opset_version=17, dynamo=False)
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"frame": frame.numpy()})


NETWORKS = {
    "ritm_h18s": lambda: {"PyTorch": ritm(18, 48, True)},
    "ritm_h32": lambda: {"PyTorch": ritm(32, 128, False)},
    "sam_vit_b": lambda: peers(*sam("vit_b")),
    "sam_vit_l": lambda: peers(*sam("vit_l")),
    "sam_vit_h": lambda: peers(*sam("vit_h")),
}


def peers(encoder, frame):
    work = {"PyTorch": in_pytorch(encoder, frame)}
    if arguments.onnx:
        work["ONNX Runtime"] = in_onnx_runtime(encoder, frame)
    return work


def theirs(network):
    before = time.process_time()
    with torch.inference_mode():
        network()
    return time.process_time() - before


engine = subprocess.Popen([arguments.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ours(name):
    engine.stdin.write(name + "\n")
    engine.stdin.flush()
    return float(engine.stdout.readline())


for name in arguments.networks or NETWORKS:
    if name.startswith("ritm") and not arguments.ritm:
        print(f"{name}: left out, --ritm says where its reference implementation is")
        continue
    for peer, work in NETWORKS[name]().items():
        theirs(work), ours(name)
        times = [(theirs(work), ours(name)) for _ in range(arguments.rounds)]
        peer_s, engine_s = (statistics.median(column) for column in zip(*times))
        print(f"{name}: {peer} {peer_s:.2f} s, engine {engine_s:.2f} s, ratio {peer_s / engine_s:.2f} "
              f"(medians of {arguments.rounds}; ratio per round {', '.join(f'{a / b:.2f}' for a, b in times)})", flush=True)
engine.stdin.close()
