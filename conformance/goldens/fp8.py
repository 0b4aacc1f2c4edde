"""E4M3 codes and their scales, whatever a checkpoint calls them."""

from dataclasses import dataclass

import ml_dtypes
import numpy
import torch

from seeded import Bits, uniform

# Elements that share a scale: [rows, columns], 0 for all there are.
TENSOR, CHANNEL, BLOCK = (0, 0), (1, 0), (128, 128)


@dataclass(frozen=True)
class Codes:
    """A weight [N, K] as codes, and its scales [1, 1], [N, 1] or [blocks of rows, blocks of columns]."""

    codes: torch.Tensor
    scale: torch.Tensor


def cells(granule: tuple[int, int], shape: tuple[int, int]) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Which row and which column of the scales an element of [N, K] belongs to, as two indices that broadcast."""
    rows, columns = (side or whole for side, whole in zip(granule, shape))
    return numpy.arange(shape[0])[:, None] // rows, numpy.arange(shape[1]) // columns


def quantised(bits: Bits, weight: numpy.ndarray, granule: tuple[int, int], *, level: bool = False) -> Codes:
    """
    [N, K] → codes and BF16 scales. All 254 finite codes are strewn in, -0 and subnormals too. Unless `level`, what
    shares a scale is first made up to twice as large or small, so that a wrong scale shows.
    """
    row, column = cells(granule, weight.shape)
    grid = int(row.max()) + 1, int(column.max()) + 1
    if not level:
        weight = weight * 2 ** uniform(bits, grid)[row, column]
    largest = numpy.zeros(grid)
    numpy.maximum.at(largest, tuple(numpy.broadcast_arrays(row, column)), abs(weight))
    scale = (largest / 448).astype(ml_dtypes.bfloat16)
    values = weight / scale.astype(numpy.float64)[row, column]
    codes = values.clip(-448, 448).astype(ml_dtypes.float8_e4m3fn).view(numpy.uint8)
    finite = [code for code in range(256) if code & 0x7F != 0x7F]
    places = numpy.argsort(bits.random_raw(codes.size), kind="stable")[: len(finite)]
    codes.reshape(-1)[places] = finite
    stored = lambda array, dtype: torch.from_numpy(array).view(dtype)
    return Codes(stored(codes, torch.float8_e4m3fn), stored(scale.view(numpy.uint16), torch.bfloat16))
