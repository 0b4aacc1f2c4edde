// One linear after products.wgsl: y [T, N] = x · (scale · codes)ᵀ + bias, or the residual stream y plus that.
override residual: bool = false;

@group(0) @binding(7) var<storage, read_write> y: array<f32>;

fn rows_of(block: u32) -> vec2<u32> {
  return vec2(8u * block, 8u * block + 4u);
}

fn block_row(n: u32) -> u32 {
  return n / 128u;
}

fn finish(t: u32, block: u32, low_sums: vec4<f32>, high_sums: vec4<f32>) {
  for (var c = 0u; c < 8u; c++) {
    let row = 8u * block + c;
    if row < p.rows {
      let n = p.first + row;
      let value = result(n, select(low_sums[c % 4u], high_sums[c % 4u], c >= 4u));
      let i = t * p.y_stride + n;
      if residual {
        y[i] += value;
      } else {
        y[i] = value;
      }
    }
  }
}
