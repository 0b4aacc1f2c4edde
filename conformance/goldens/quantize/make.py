"""What the quantiser must make of one weight, by PyTorch and by ml_dtypes: writes quantize.safetensors.

    python make.py

`weight` is F32 [129, 130], so that the last blocks are one row and two columns wide; for each strategy `<strategy>.codes`
F8_E4M3 and `<strategy>.scales` BF16. In it are a row and a block of zeros, rows far smaller and far larger than others
(of one the scale would vanish in BF16), and quotients on and beside ties.
"""

import pathlib
import sys

import ml_dtypes
import numpy
import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))

from checkpoint import safetensors_bytes  # noqa: E402

N, K, BLOCK, LARGEST = 129, 130, 128, 448.0
STRATEGIES = ("tensor", "channel", "block")


def weight() -> torch.Tensor:
    words = numpy.random.PCG64(2026).random_raw(2 * N * K)
    uniform = (words >> numpy.uint64(11)).astype(numpy.float64) * 2.0**-53
    # Heavy tails, as trained weights have: most far below the largest.
    value = ((uniform[::2] - 0.5) * 2.0 ** (4 * uniform[1::2] - 6)).reshape(N, K).astype(numpy.float32)
    value[3] = 0
    value[5] *= numpy.float32(2.0**-20)
    value[7] *= numpy.float32(1e-38)
    value[9] *= numpy.float32(2.0**10)
    value[128, 128:] = 0
    # The scale of this row is one: ties between codes, next to them, and what saturates or underflows.
    value[11] = 0
    value[11, :12] = [448, 17, 19, 17.000001, 16.999999, -18, 2**-10, 3 * 2**-10, 2**-11, -(2**-9), 431.99997, 432]
    return torch.from_numpy(value)


def spread(scale: torch.Tensor, strategy: str, shape: torch.Size) -> torch.Tensor:
    """Scales → something that divides [N, K] element by element."""
    if strategy != "block":
        return scale
    return scale.repeat_interleave(BLOCK, 0)[: shape[0]].repeat_interleave(BLOCK, 1)[:, : shape[1]]


def quantised(w: torch.Tensor, strategy: str) -> tuple[torch.Tensor, torch.Tensor]:
    """[N, K] → F8_E4M3 codes [N, K] and BF16 scales, as [fp8.7] has it."""
    magnitude = w.double().abs()
    if strategy == "tensor":
        largest = magnitude.max().reshape(1)
    elif strategy == "channel":
        largest = magnitude.amax(1, keepdim=True)
    else:
        rows, columns = -(-w.shape[0] // BLOCK), -(-w.shape[1] // BLOCK)
        padded = torch.zeros(rows * BLOCK, columns * BLOCK, dtype=torch.float64)
        padded[: w.shape[0], : w.shape[1]] = magnitude
        largest = padded.view(rows, BLOCK, columns, BLOCK).amax((1, 3))
    smallest = torch.tensor(2.0**-133, dtype=torch.bfloat16)
    scale = torch.where(largest == 0, 1.0, largest / LARGEST).to(torch.bfloat16).maximum(smallest)
    quotient = (w.double() / spread(scale.double(), strategy, w.shape)).clamp(-LARGEST, LARGEST)
    codes = quotient.to(torch.float8_e4m3fn)
    other = quotient.numpy().astype(ml_dtypes.float8_e4m3fn).view(numpy.uint8)
    assert (codes.view(torch.uint8).numpy() == other).all()
    return codes, scale


if __name__ == "__main__":
    w = weight()
    out = {"weight": w}
    for strategy in STRATEGIES:
        out[f"{strategy}.codes"], out[f"{strategy}.scales"] = quantised(w, strategy)
    by = f"quantize/make.py, torch {torch.__version__}, ml_dtypes {ml_dtypes.__version__}"
    (HERE / "quantize.safetensors").write_bytes(safetensors_bytes(out, {"by": by}))
