"""Times PyTorch on the problems of the catalogue that it has one call for, beside what `ROWS=FILE cargo bench` wrote.

Usage: pytorch.py FILE...

Prints a Markdown table: an entry's time here, PyTorch's on the same device and precision, and the ratio (above 1: ours is
faster). Times are the device's own (CUDA events), the best of 20 after 5 to warm up. Needs the packages of requirements.txt.
"""

import json
import pathlib
import re
import sys

import torch
import torch.nn.functional as F

DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
CATALOG = pathlib.Path(__file__).parent.parent / "src"


def linear_problems() -> dict[str, list[int]]:
    """Returns rows, inputs and outputs of the entries of linear/catalog.rs."""
    text = (CATALOG / "linear" / "catalog.rs").read_text()
    entries = re.findall(r'\("(\w+)", \w+\(\[([\d_, ]+)\]\)\)', text)
    return {f"linear/{name}": [int(n.replace("_", "")) for n in shape.split(",")] for name, shape in entries}


def attention_problems() -> dict[str, list[int]]:
    """Returns images, heads, channels and tokens of the self-attentions of attention/catalog.rs."""
    text = (CATALOG / "attention" / "catalog.rs").read_text()
    entries = re.findall(r'\("(\w+)", windows\((\d+), \[(\d+), (\d+)\], (\d+), (\w+)', text)
    return {f"attention/{name}": [int(n) for n in shape] + [bias] for name, *shape, bias in entries}


def best_seconds(work) -> float:
    for _ in range(5):
        work()
    times = []
    for _ in range(20):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        work()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) / 1e3)
    return min(times)


def linear_work(shape: list[int], dtype: torch.dtype):
    rows, inputs, outputs = shape
    x, weight, bias = (torch.randn(s, device="cuda", dtype=dtype) for s in [(rows, inputs), (outputs, inputs), (outputs,)])
    return lambda: F.linear(x, weight, bias)


def attention_work(shape: list, dtype: torch.dtype):
    images, heads, channels, tokens, bias = shape
    q, k, v = (torch.randn(images, heads, tokens, channels, device="cuda", dtype=dtype) for _ in range(3))
    mask = None if bias == "None" else torch.randn(1, heads, tokens, tokens, device="cuda", dtype=dtype)
    return lambda: F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def main() -> int:
    rows = [json.loads(line) for path in sys.argv[1:] for line in pathlib.Path(path).read_text().splitlines()]
    if not torch.cuda.is_available():
        print("PyTorch finds no CUDA device", file=sys.stderr)
        return 1
    problems = {name: (linear_work, shape) for name, shape in linear_problems().items()}
    problems |= {name: (attention_work, shape) for name, shape in attention_problems().items()}
    print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}\n")
    print("| entry | precision | ours, us | PyTorch, us | PyTorch / ours | ours, TFLOP/s |\n|---|---|---|---|---|---|")
    for row in rows:
        if row["entry"] not in problems or row["flops"] < 1e8:
            continue
        work, shape = problems[row["entry"]]
        theirs, ours = best_seconds(work(shape, DTYPES[row["precision"]])), row["seconds"]
        tera = row["flops"] / ours / 1e12
        print(f"| {row['entry']} | {row['precision']} | {ours * 1e6:.1f} | {theirs * 1e6:.1f} | {theirs / ours:.2f} | {tera:.1f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
