"""Are two trees of goldens the same? Inputs byte for byte, outputs within 1e-12 of each row's norm."""

import pathlib

import numpy
from safetensors import safe_open

BOUND = 1e-12
# Versions may differ from machine to machine; the rest of the metadata says what was computed.
VERSIONS = ("torch", "transformers", "numpy")


def listed(root: pathlib.Path) -> dict[str, pathlib.Path]:
    """What make.py is responsible for. Noise floors are noise.py's, long.txt is nobody's output."""
    found = [file for folder in ("tiny", "smollm2") for file in (root / folder).rglob("*") if file.is_file()]
    others = [file for file in found if file.name.endswith("noise.json") or file.suffix == ".txt"]
    return {str(file.relative_to(root)): file for file in found if file not in others}


def is_golden(name: str) -> bool:
    return name.endswith("golden.safetensors") or name.startswith("smollm2/")


def compare(ours: pathlib.Path, theirs: pathlib.Path) -> str | None:
    """The first difference in words; `theirs` is what was just made."""
    a, b = listed(ours), listed(theirs)
    for name in sorted(a.keys() | b.keys()):
        if name not in a or name not in b:
            return f"{name}: {'not made by the script' if name in a else 'not committed'}"
        difference = golden_difference(a[name], b[name]) if is_golden(name) else bytes_difference(a[name], b[name])
        if difference:
            return f"{name}: {difference}"
    return None


def bytes_difference(a: pathlib.Path, b: pathlib.Path) -> str | None:
    left, right = a.read_bytes(), b.read_bytes()
    if left == right:
        return None
    first = next((i for i, (x, y) in enumerate(zip(left, right)) if x != y), min(len(left), len(right)))
    return f"bytes differ from offset {first} on, of {len(left)} and {len(right)}"


def golden_difference(a: pathlib.Path, b: pathlib.Path) -> str | None:
    with safe_open(a, framework="np") as left, safe_open(b, framework="np") as right:
        told = [{k: v for k, v in file.metadata().items() if k not in VERSIONS} for file in (left, right)]
        if told[0] != told[1]:
            return f"metadata {told[0]} is now {told[1]}"
        if set(left.keys()) != set(right.keys()):
            return f"tensors differ: {sorted(set(left.keys()) ^ set(right.keys()))}"
        for name in sorted(left.keys()):
            difference = tensor_difference(left.get_tensor(name), right.get_tensor(name))
            if difference:
                return f"{name}: {difference}"
    return None


def tensor_difference(a: numpy.ndarray, b: numpy.ndarray) -> str | None:
    if (a.dtype, a.shape) != (b.dtype, b.shape):
        return f"{a.dtype} {list(a.shape)} is now {b.dtype} {list(b.shape)}"
    if a.dtype.kind == "i":
        wrong = (a != b).reshape(-1)
        return f"element {int(wrong.argmax())} differs" if wrong.any() else None
    rows = (a, b) if a.ndim > 1 else (a[:, None], b[:, None])
    share = abs(rows[0] - rows[1]).max(-1) / numpy.linalg.norm(rows[0], axis=-1)
    # Not `> BOUND`: a NaN is a difference.
    wrong = ~(share <= BOUND).reshape(-1)
    first = int(wrong.argmax())
    return f"row {first} differs by {share.reshape(-1)[first]:.1e} of its norm" if wrong.any() else None
