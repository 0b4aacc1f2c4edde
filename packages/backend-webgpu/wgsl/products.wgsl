// What project, gate_up and qkv have in common: products of up to 8 rows of x with 8 rows of codes, which are two times 4
// neighbours, by `lanes` invocations. Each code is read once, and decoded once for all rows of x.
// [linear.1] [rmsNorm] The norm's factor is one for the whole row, so it is multiplied in at the end.
override normed: bool = false;
// Whether scales are of 128 × 128 blocks.
override block_scales: bool = false;
// Rows of x: 1, 4 or 8.
override tile: u32 = 1u;
// Of a workgroup: a multiple of `lanes`.
override invocations: u32 = 128u;

struct Params {
  T: u32,
  // The first row of the weight in this binding, and how many there are.
  first: u32,
  rows: u32,
  // Of 8 rows each, and workgroups of a row of the grid.
  blocks: u32,
  across: u32,
  y_stride: u32,
  epsilon: f32,
  // Columns of x and of the weight, numbers of a row of x (a multiple of 16, with zeros behind the columns), loads of 16 bytes
  // of a row of codes.
  columns: u32,
  stride: u32,
  row_loads: u32,
  // Of the biases in `vectors`; 0 for none.
  bias_at: u32,
  // F of gate_up.
  half_rows: u32,
  // Whether each row has a scale. What differs from one matrix to the next is no constant: a pipeline serves all.
  row_scales: u32,
  // Of each t: which row of x it is, and the slot of its keys and values.
  x_rows: array<vec4<u32>, 2>,
  slots: array<vec4<u32>, 2>,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(3) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> codes: array<vec4<u32>>;
// Scales of rows or blocks, then biases.
@group(0) @binding(5) var<storage, read> vectors: array<f32>;
@group(0) @binding(6) var<storage, read> norm: array<vec4<f32>>;

// Of each row of x: sums of the first and the second 4 rows of codes, and of x².
var<private> low: array<vec4<f32>, 8>;
var<private> high: array<vec4<f32>, 8>;
var<private> squares: array<vec4<f32>, 2>;

fn x_quad(t: u32, k: u32) -> vec4<f32> {
  return x[p.x_rows[t / 4u][t % 4u] * (p.stride / 4u) + k];
}

fn with_norm(value: vec4<f32>, k: u32) -> vec4<f32> {
  if normed {
    return value * norm[k];
  }
  return value;
}

// Takes quad k of every row of x, with the same quad of 8 rows of codes.
fn add(k: u32, w_low: mat4x4<f32>, w_high: mat4x4<f32>, s_low: vec4<f32>, s_high: vec4<f32>) {
  let x0 = x_quad(0u, k);
  squares[0].x += dot(x0, x0);
  let y0 = with_norm(x0, k);
  low[0] += (y0 * w_low) * s_low;
  high[0] += (y0 * w_high) * s_high;
  if tile > 1u {
    let x1 = x_quad(1u, k);
    let x2 = x_quad(2u, k);
    let x3 = x_quad(3u, k);
    squares[0] += vec4(0.0, dot(x1, x1), dot(x2, x2), dot(x3, x3));
    let y1 = with_norm(x1, k);
    let y2 = with_norm(x2, k);
    let y3 = with_norm(x3, k);
    low[1] += (y1 * w_low) * s_low;
    low[2] += (y2 * w_low) * s_low;
    low[3] += (y3 * w_low) * s_low;
    high[1] += (y1 * w_high) * s_high;
    high[2] += (y2 * w_high) * s_high;
    high[3] += (y3 * w_high) * s_high;
  }
  if tile > 4u {
    let x4 = x_quad(4u, k);
    let x5 = x_quad(5u, k);
    let x6 = x_quad(6u, k);
    let x7 = x_quad(7u, k);
    squares[1] += vec4(dot(x4, x4), dot(x5, x5), dot(x6, x6), dot(x7, x7));
    let y4 = with_norm(x4, k);
    let y5 = with_norm(x5, k);
    let y6 = with_norm(x6, k);
    let y7 = with_norm(x7, k);
    low[4] += (y4 * w_low) * s_low;
    low[5] += (y5 * w_low) * s_low;
    low[6] += (y6 * w_low) * s_low;
    low[7] += (y7 * w_low) * s_low;
    high[4] += (y4 * w_high) * s_high;
    high[5] += (y5 * w_high) * s_high;
    high[6] += (y6 * w_high) * s_high;
    high[7] += (y7 * w_high) * s_high;
  }
}

// Of 4 rows, at column k.
fn scales_of(rows: vec4<u32>, k: u32) -> vec4<f32> {
  if !block_scales {
    return vec4(1.0);
  }
  let n = vec4(p.first) + rows;
  return vec4(block_scale(n.x, k), block_scale(n.y, k), block_scale(n.z, k), block_scale(n.w, k));
}

fn block_scale(n: u32, k: u32) -> f32 {
  return vectors[block_row(n) * ((p.columns + 127u) / 128u) + k / 128u];
}

// A sum of row n of the weight, with its scale and its bias.
fn result(n: u32, sum: f32) -> f32 {
  var y = sum;
  if p.row_scales == 1u {
    y *= vectors[n];
  }
  if p.bias_at > 0u {
    y += vectors[p.bias_at + n];
  }
  return y;
}

@compute @workgroup_size(invocations)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let block = (group.y * p.across + group.x) * (invocations / lanes) + index / lanes;
  let lane = index % lanes;
  let firsts = rows_of(block);
  let r = min(vec4(firsts.x) + vec4(0u, 1u, 2u, 3u), vec4(p.rows - 1u));
  let q = min(vec4(firsts.y) + vec4(0u, 1u, 2u, 3u), vec4(p.rows - 1u));
  let r_at = r * p.row_loads;
  let q_at = q * p.row_loads;
  // What has no rows reads nothing, but all must come to the sums.
  let loads = select(0u, p.row_loads, block < p.blocks);
  for (var v = lane; v < loads; v += lanes) {
    let a = codes[r_at.x + v];
    let b = codes[r_at.y + v];
    let c = codes[r_at.z + v];
    let d = codes[r_at.w + v];
    let e = codes[q_at.x + v];
    let f = codes[q_at.y + v];
    let g = codes[q_at.z + v];
    let h = codes[q_at.w + v];
    let s_low = scales_of(r, 4u * quads_per_load * v);
    let s_high = scales_of(q, 4u * quads_per_load * v);
    for (var i = 0u; i < quads_per_load; i++) {
      let w_low = mat4x4(quad_of(a, i), quad_of(b, i), quad_of(c, i), quad_of(d, i));
      let w_high = mat4x4(quad_of(e, i), quad_of(f, i), quad_of(g, i), quad_of(h, i));
      add(quads_per_load * v + i, w_low, w_high, s_low, s_high);
    }
  }
  var factors = array(vec4(1.0), vec4(1.0));
  if normed {
    factors[0] = inverseSqrt(total(squares[0], index) / f32(p.columns) + p.epsilon);
    if tile > 4u {
      factors[1] = inverseSqrt(total(squares[1], index) / f32(p.columns) + p.epsilon);
    }
  }
  for (var t = 0u; t < tile; t++) {
    let factor = factors[t / 4u][t % 4u];
    let sum_low = total(low[t], index) * factor;
    let sum_high = total(high[t], index) * factor;
    if lane == t % lanes && t < p.T && block < p.blocks {
      finish(t, block, sum_low, sum_high);
    }
  }
}
