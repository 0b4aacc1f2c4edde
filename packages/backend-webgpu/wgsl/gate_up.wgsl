// [silu.1] silu(gate) · up of one codes matrix [2F, D], gate above up, after products.wgsl: y [T, F]
@group(0) @binding(7) var<storage, read_write> y: array<f32>;

fn rows_of(block: u32) -> vec2<u32> {
  return vec2(4u * block, p.half_rows + 4u * block);
}

fn block_row(n: u32) -> u32 {
  return select(n / 128u, (p.half_rows + 127u) / 128u + (n - p.half_rows) / 128u, n >= p.half_rows);
}

fn finish(t: u32, block: u32, gates: vec4<f32>, ups: vec4<f32>) {
  for (var c = 0u; c < 4u; c++) {
    let n = 4u * block + c;
    if n < p.half_rows {
      y[t * p.y_stride + n] = silu(result(n, gates[c])) * result(p.half_rows + n, ups[c]);
    }
  }
}
