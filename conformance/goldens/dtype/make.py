"""Decoded codes and rounded numbers of the four small formats, by PyTorch and ml_dtypes (NumPy for F16), which agree.

    python make.py

Writes tables.json (all 256 codes of each fp8 type, decoded) and digests.json (everything that is too big to list):
SHA-256 of each block of 4,096 results, cut to 16 hexadecimal digits, so that a mismatch is at least located. Numbers are
hashed as little-endian float64, codes as little-endian 8 or 16 bits. A NaN has no sign or payload here: as a number it
is 0x7FF8000000000000, as a code whatever `CANONICAL` says.
"""

import hashlib
import json
import pathlib

import ml_dtypes
import numpy
import torch

import inputs

HERE = pathlib.Path(__file__).resolve().parent
BLOCK = 4096

TORCH = {"F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2, "F16": torch.float16, "BF16": torch.bfloat16}
NUMPY = {
    "F8_E4M3": ml_dtypes.float8_e4m3fn,
    "F8_E5M2": ml_dtypes.float8_e5m2,
    "F16": numpy.float16,
    "BF16": ml_dtypes.bfloat16,
}
CODES = {"F8_E4M3": numpy.uint8, "F8_E5M2": numpy.uint8, "F16": numpy.uint16, "BF16": numpy.uint16}
CANONICAL = {"F8_E4M3": 0x7F, "F8_E5M2": 0x7E, "F16": 0x7E00, "BF16": 0x7FC0}
MODES = {"F8_E4M3": ("nan", "saturate"), "F8_E5M2": ("nan", "saturate"), "F16": ("nan",), "BF16": ("nan",)}


def decoded(dtype: str) -> numpy.ndarray:
    """float64 of every code, in order of the codes."""
    codes = numpy.arange(256 ** CODES[dtype]().itemsize).astype(CODES[dtype])
    with numpy.errstate(invalid="ignore"):
        ours = codes.view(NUMPY[dtype]).astype(numpy.float64)
    theirs = torch.from_numpy(codes.copy()).view(TORCH[dtype]).to(torch.float64).numpy()
    for values in (ours, theirs):
        values[numpy.isnan(values)] = numpy.nan
    assert ours.tobytes() == theirs.tobytes(), f"{dtype}: PyTorch and {NUMPY[dtype].__name__} decode differently"
    return ours


def by_torch(dtype: str, x: numpy.ndarray, mode: str) -> numpy.ndarray:
    value = torch.from_numpy(x)
    if mode == "saturate":
        limit = torch.finfo(TORCH[dtype]).max
        value = torch.clamp(value, -limit, limit)
    return value.to(TORCH[dtype]).view(torch.from_numpy(CODES[dtype]([0])).dtype).numpy()


def by_numpy(dtype: str, x: numpy.ndarray, mode: str) -> numpy.ndarray:
    if mode == "saturate":
        limit = numpy.float32(ml_dtypes.finfo(NUMPY[dtype]).max)
        x = numpy.clip(x, -limit, limit)
    with numpy.errstate(over="ignore", invalid="ignore"):
        return x.astype(NUMPY[dtype]).view(CODES[dtype])


def encoded(dtype: str, x: numpy.ndarray, mode: str) -> numpy.ndarray:
    """Code of every number. Both libraries must agree on all that are not NaN, and make NaN of those that are."""
    theirs, ours = by_torch(dtype, x, mode).copy(), by_numpy(dtype, x, mode).copy()
    for codes in (theirs, ours):
        assert numpy.isnan(codes.view(NUMPY[dtype])[numpy.isnan(x)].astype(numpy.float32)).all()
        codes[numpy.isnan(x)] = CANONICAL[dtype]
    if (dtype, mode) == ("F8_E4M3", "nan"):
        undo_saturation(x, theirs)
    different = numpy.flatnonzero(theirs != ours)
    assert len(different) == 0, f"{dtype} {mode}: {len(different)} differ, the first for {x[different[0]]!r}"
    return ours


def undo_saturation(x: numpy.ndarray, codes: numpy.ndarray) -> None:
    """PyTorch's cast to E4M3 makes ±448 of what rounds beyond it (older ones: NaN); ml_dtypes makes NaN, sign kept."""
    beyond = abs(x) > 464
    assert (codes[beyond] & 0x7F == 0x7E).all(), "PyTorch no longer saturates E4M3: compare its codes as they are"
    codes[beyond] += 1


def digests(values: numpy.ndarray) -> list[str]:
    return [hashlib.sha256(values[i : i + BLOCK].tobytes()).hexdigest()[:16] for i in range(0, len(values), BLOCK)]


def table(dtype: str) -> list:
    """JSON has no word for NaN and the infinities: they are strings that JavaScript's Number() reads."""
    names = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
    return [names.get(str(value), value) for value in decoded(dtype).tolist()]


def write(name: str, content: dict) -> None:
    versions = {"torch": torch.__version__, "ml_dtypes": ml_dtypes.__version__, "numpy": numpy.__version__}
    content = {"generator": "conformance/goldens/dtype/make.py", **versions, **content}
    (HERE / name).write_text(json.dumps(content, indent=1) + "\n")
    print(f"{name}  {(HERE / name).stat().st_size:,} bytes")


def main() -> None:
    bits = inputs.patterns()
    x = bits.view(numpy.float32)
    pairs = [(dtype, mode) for dtype, modes in MODES.items() for mode in modes]
    encodings = {f"{dtype} {mode}": digests(encoded(dtype, x, mode)) for dtype, mode in pairs}
    print(f"{len(x):,} numbers, {len(numpy.unique(bits)):,} of them different, {int(numpy.isnan(x).sum()):,} NaN")
    write("tables.json", {dtype: table(dtype) for dtype in ("F8_E4M3", "F8_E5M2")})
    decodings = {dtype: digests(decoded(dtype)) for dtype in ("F16", "BF16")}
    write("digests.json", {"block": BLOCK, "inputs": digests(bits), "encode": encodings, "decode": decodings})


if __name__ == "__main__":
    main()
