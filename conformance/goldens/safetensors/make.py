"""Writes python.safetensors: what Python's safetensors makes of every dtype that the engine reads.

Needs torch and safetensors (made with torch 2.13.0, safetensors 0.8.0). The file has one metadata entry only, because
Python shuffles several; with one, this script always gives the same bytes.

    python make.py
"""

from pathlib import Path

import torch
from safetensors.torch import save_file

FLOATS = [-1.5, 0.0, 0.25, 1.0, 2.0, 448.0]  # exact in f32, f16 and bf16

tensors = {
    "f64": torch.tensor([[0.1, -0.0, float("inf")], [1e-310, 2.0**60, float("nan")]], dtype=torch.float64),
    "f32": torch.tensor(FLOATS, dtype=torch.float32).reshape(3, 2),
    "f16": torch.tensor(FLOATS, dtype=torch.float16).reshape(3, 2),
    "bf16": torch.tensor(FLOATS, dtype=torch.bfloat16).reshape(3, 2),
    # All 256 codes, in order.
    "f8_e4m3": torch.arange(256, dtype=torch.uint8).view(torch.float8_e4m3fn).reshape(16, 16),
    "f8_e5m2": torch.arange(256, dtype=torch.uint8).view(torch.float8_e5m2).reshape(4, 8, 8),
    "i8": torch.tensor([-128, -1, 0, 1, 127], dtype=torch.int8),
    "u8": torch.tensor([0, 1, 255], dtype=torch.uint8),
    "i32": torch.tensor([-(2**31), -1, 2**31 - 1], dtype=torch.int32),
    "i64": torch.tensor([-(2**63), -1, 2**53 + 1, 2**63 - 1], dtype=torch.int64),
    "scalar": torch.tensor(3.5, dtype=torch.float32),
    "empty": torch.zeros((0, 4), dtype=torch.float32),
    # Names whose order by UTF-16 unit differs from that by UTF-8 byte, and one that needs every kind of escape.
    "\U0001f600": torch.tensor([1], dtype=torch.int8),
    "\ue000": torch.tensor([2], dtype=torch.int8),
    'caf\u00e9 "\\/\b\f\n\r\t\u0001\u007f\u2028': torch.tensor([3], dtype=torch.int8),
}

if __name__ == "__main__":
    save_file(tensors, str(Path(__file__).with_name("python.safetensors")), metadata={"origine": "d\u00e9j\u00e0 \"vu\""})
