"""Times PyTorch on the problems of the catalogue that it has one call for, beside what `ROWS=FILE cargo bench` wrote.

Usage: pytorch.py [--cpu] FILE...

Prints a Markdown table: an entry's time here, PyTorch's on the same device and precision, and the ratio (above 1: ours is
faster). The best of 20 calls after 5 to warm up: on a GPU by the device's own clock (CUDA events); with `--cpu` in processor time on
one thread, as `cargo bench` takes it. Needs the packages of requirements.txt.
"""

import json
import pathlib
import re
import sys
import time

import torch
import torch.nn.functional as F

DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
CATALOG = pathlib.Path(__file__).parent.parent / "src"
ON_CPU = "--cpu" in sys.argv
DEVICE = "cpu" if ON_CPU else "cuda"


def catalog(operation: str) -> str:
    """Returns the text of an operation's catalogue, in one line."""
    return re.sub(r"\s+", " ", (CATALOG / operation / "catalog.rs").read_text())


def linear_problems() -> dict[str, list[int]]:
    """Returns rows, inputs and outputs of the entries of linear/catalog.rs."""
    entries = re.findall(r'\( ?"(\w+)", \w+\(\[([\d_, ]+)\]\),? ?\)', catalog("linear"))
    return {f"linear/{name}": [int(n.replace("_", "")) for n in shape.split(",")] for name, shape in entries}


def attention_problems() -> dict[str, list[int]]:
    """Returns images, heads, channels and tokens of the self-attentions of attention/catalog.rs."""
    entries = re.findall(r'\( ?"(\w+)", windows\((\d+), \[(\d+), (\d+)\], (\d+), (\w+)', catalog("attention"))
    return {f"attention/{name}": [int(n) for n in shape] + [bias] for name, *shape, bias in entries}


def conv2d_problems() -> dict[str, list[int]]:
    """Returns side, inputs, outputs, groups, kernel, stride and padding of the square images of conv2d/catalog.rs."""
    pattern = r'\( ?"(\w+)", (?:residual\( ?)?square\( ?(\d+), (full|depthwise)\( ?\[?(\d+)(?:, (\d+)\])?, (\d+), (\d+), (\d+) ?\)'
    problems = {}
    for name, side, kind, inputs, outputs, *rest in re.findall(pattern, catalog("conv2d")):
        groups = int(inputs) if kind == "depthwise" else 1
        problems[f"conv2d/{name}"] = [int(side), int(inputs), int(outputs or inputs), groups, *map(int, rest)]
    return problems


def best_seconds(work) -> float:
    with torch.inference_mode():
        for _ in range(5):
            work()
        return min(cpu_seconds(work) if ON_CPU else cuda_seconds(work) for _ in range(20))


def cpu_seconds(work) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def cuda_seconds(work) -> float:
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    work()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / 1e3


def linear_work(shape: list[int], dtype: torch.dtype):
    rows, inputs, outputs = shape
    x, weight, bias = (torch.randn(s, device=DEVICE, dtype=dtype) for s in [(rows, inputs), (outputs, inputs), (outputs,)])
    return lambda: F.linear(x, weight, bias)


def attention_work(shape: list, dtype: torch.dtype):
    images, heads, channels, tokens, bias = shape
    q, k, v = (torch.randn(images, heads, tokens, channels, device=DEVICE, dtype=dtype) for _ in range(3))
    mask = None if bias == "None" else torch.randn(1, heads, tokens, tokens, device=DEVICE, dtype=dtype)
    return lambda: F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def conv2d_work(shape: list[int], dtype: torch.dtype):
    side, inputs, outputs, groups, kernel, stride, padding = shape
    x = torch.randn(1, inputs, side, side, device=DEVICE, dtype=dtype).to(memory_format=torch.channels_last)
    weight = torch.randn(outputs, inputs // groups, kernel, kernel, device=DEVICE, dtype=dtype)
    bias = torch.randn(outputs, device=DEVICE, dtype=dtype)
    return lambda: F.conv2d(x, weight, bias, stride, padding, groups=groups)


def main() -> int:
    files = [path for path in sys.argv[1:] if path != "--cpu"]
    rows = [json.loads(line) for path in files for line in pathlib.Path(path).read_text().splitlines()]
    if ON_CPU:
        torch.set_num_threads(1)
        name = "one thread"
    elif torch.cuda.is_available():
        name = torch.cuda.get_device_name()
    else:
        print("PyTorch finds no CUDA device; --cpu compares on a processor", file=sys.stderr)
        return 1
    problems = {name: (linear_work, shape) for name, shape in linear_problems().items()}
    problems |= {name: (attention_work, shape) for name, shape in attention_problems().items()}
    problems |= {name: (conv2d_work, shape) for name, shape in conv2d_problems().items()}
    print(f"{name}, PyTorch {torch.__version__}\n")
    print("| entry | precision | ours, us | PyTorch, us | PyTorch / ours | ours, TFLOP/s |\n|---|---|---|---|---|---|")
    for row in rows:
        if row["entry"] not in problems or row["flops"] < 1e8:
            continue
        work, shape = problems[row["entry"]]
        theirs, ours = best_seconds(work(shape, DTYPES[row["precision"]])), row["seconds"]
        tera = row["flops"] / ours / 1e12
        print(f"| {row['entry']} | {row['precision']} | {ours * 1e6:.1f} | {theirs * 1e6:.1f} | {theirs / ours:.2f} | {tera:.3f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
