"""Opens files with Python's safetensors and prints what it found, one JSON array for all files.

    python check.py FILE...

Each file gives {"file", "metadata", "tensors": [{"name", "dtype", "shape", "sha256"}]}, or {"file", "error"} when Python
refuses it. sha256 is that of the tensor's bytes as stored; tensors are in the order of their bytes in the file.
Needs torch, which alone of the frameworks knows bfloat16 and fp8.
"""

import hashlib
import json
import sys

import torch
from safetensors import safe_open


def stored_bytes(tensor: torch.Tensor) -> bytes:
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def check(path: str) -> dict:
    try:
        with safe_open(path, framework="pt") as file:
            tensors = []
            for name in file.offset_keys():
                part = file.get_slice(name)
                tensors.append(
                    {
                        "name": name,
                        "dtype": part.get_dtype(),
                        "shape": list(part.get_shape()),
                        "sha256": hashlib.sha256(stored_bytes(file.get_tensor(name))).hexdigest(),
                    }
                )
            return {"file": path, "metadata": file.metadata() or {}, "tensors": tensors}
    except Exception as error:  # whatever it is, it is Python's verdict on the file
        return {"file": path, "error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    json.dump([check(path) for path in sys.argv[1:]], sys.stdout, indent=1)
    print()
