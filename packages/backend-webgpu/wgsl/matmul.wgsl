// [linear.1] y = x · (scale · codes)ᵀ + bias, or that added to y, for many rows of x. x [T, K], codes [N, K] → y [T, N]
//
// A workgroup makes a tile of y, of 32, 64 or 128 rows and 64 columns, in steps of 16 columns of x and codes, which pass through
// workgroup memory: a weight is decoded once a tile. An invocation has 4 or 8 rows and 4 columns in its registers; what comes next
// is read from the buffers before the step is computed, so that it arrives meanwhile.
override tile: u32 = 128u; // rows of x: 32, 64 or 128
override width: u32 = select(4u * tile, 256u, tile > 64u);

struct Params {
  T: u32,
  K: u32,
  // Rows of codes in this binding, and the first of them in y, the scales and the bias.
  N: u32,
  first: u32,
  // vec4<u32> of a row of codes, filled up with zero codes; numbers of a row of x, zeros behind K, and of y. A row of x has a
  // multiple of 16.
  row_vecs: u32,
  x_stride: u32,
  y_stride: u32,
  // 0 none, 2 of each row, 3 of each 128 × 128 block. What differs from one matrix to the next is no constant: a pipeline serves all.
  scale_kind: u32,
  // Where scales and bias begin in `vectors`.
  scales_at: u32,
  has_bias: u32,
  bias_at: u32,
  // Whether y is added to.
  residual: u32,
  // Codes may be up to three matrices one below the other: the rows where the second and the third begin (no row, where there is
  // none), and the block rows of scales where theirs begin.
  second: u32,
  third: u32,
  second_block: u32,
  third_block: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> codes: array<u32>;
// Scales [N] or [block rows, ⌈K / 128⌉], and bias [N].
@group(0) @binding(3) var<storage, read> vectors: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

// Of a step: 16 columns by quads of rows, with a gap that keeps neighbours off each other's banks. Column 4·q + j lies at j·4 + q.
override x_row: u32 = tile / 4u + 2u;
const w_row = 18u;
var<workgroup> x_tile: array<vec4<f32>, 16u * x_row>;
var<workgroup> w_tile: array<vec4<f32>, 16u * w_row>;

// Where the scales of the blocks of row n begin.
fn block_row(n: u32) -> u32 {
  var block = n / 128u;
  if n >= p.third {
    block = p.third_block + (n - p.third) / 128u;
  } else if n >= p.second {
    block = p.second_block + (n - p.second) / 128u;
  }
  return p.scales_at + block * ((p.K + 127u) / 128u);
}

fn block_scales(blocks: vec4<u32>, k: u32) -> vec4<f32> {
  let at = blocks + vec4(k / 128u);
  return vec4(vectors[at.x], vectors[at.y], vectors[at.z], vectors[at.w]);
}

fn store(t: u32, column: u32, sums: vec4<f32>) {
  if t >= p.T {
    return;
  }
  for (var i = 0u; i < 4u && column + i < p.N; i++) {
    let n = p.first + column + i;
    let at = t * p.y_stride + n;
    var sum = sums[i];
    if p.scale_kind == 2u {
      sum *= vectors[p.scales_at + n];
    }
    if p.has_bias > 0u {
      sum += vectors[p.bias_at + n];
    }
    if p.residual > 0u {
      sum += y[at];
    }
    y[at] = sum;
  }
}

@compute @workgroup_size(width)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let first_t = group.x * tile;
  let first_n = (group.z * 65535u + group.y) * 64u;
  if first_n >= p.N {
    return;
  }
  // Each quad of rows and of columns is read by one invocation: those of x by the first ones, then those of codes.
  let reads_x = index < tile;
  let reads_w = index >= tile && index < tile + 64u;
  let q = index % 4u;
  let row = select(index - tile, index, reads_x) / 4u;
  let w_quads = p.row_vecs * select(select(2u, 1u, format == 0u), 4u, format > 2u);
  // Rows beyond the last one are the last one again; they are not stored.
  let rows = 4u * vec4(row) + vec4(0u, 1u, 2u, 3u);
  let x_at = min(vec4(first_t) + rows, vec4(p.T - 1u)) * (p.x_stride / 4u) + vec4(q);
  let n = min(vec4(first_n) + rows, vec4(p.N - 1u));
  let w_at = n * w_quads + vec4(q);
  var blocks = vec4<u32>();
  if p.scale_kind == 3u && reads_w {
    let named = n + vec4(p.first);
    blocks = vec4(block_row(named.x), block_row(named.y), block_row(named.z), block_row(named.w));
  }
  let lane = index % 16u;
  let line = index / 16u;
  let steps = (p.K + 15u) / 16u;
  var a = vec4<u32>();
  var b = vec4<u32>();
  var c = vec4<u32>();
  var d = vec4<u32>();
  var sum0 = vec4<f32>();
  var sum1 = vec4<f32>();
  var sum2 = vec4<f32>();
  var sum3 = vec4<f32>();
  var sum4 = vec4<f32>();
  var sum5 = vec4<f32>();
  var sum6 = vec4<f32>();
  var sum7 = vec4<f32>();
  for (var step = 0u; step <= steps; step++) {
    // What was read in the last turn goes to workgroup memory.
    if step > 0u {
      workgroupBarrier();
      if reads_x {
        let block = transpose(mat4x4(bitcast<vec4<f32>>(a), bitcast<vec4<f32>>(b), bitcast<vec4<f32>>(c), bitcast<vec4<f32>>(d)));
        let at = q * x_row + row;
        x_tile[at] = block[0];
        x_tile[at + 4u * x_row] = block[1];
        x_tile[at + 8u * x_row] = block[2];
        x_tile[at + 12u * x_row] = block[3];
      } else if reads_w {
        let block = transpose(mat4x4(decoded(a), decoded(b), decoded(c), decoded(d)));
        var scales = vec4(1.0);
        if p.scale_kind == 3u {
          scales = block_scales(blocks, 16u * (step - 1u));
        }
        let at = q * w_row + row;
        w_tile[at] = block[0] * scales;
        w_tile[at + 4u * w_row] = block[1] * scales;
        w_tile[at + 8u * w_row] = block[2] * scales;
        w_tile[at + 12u * w_row] = block[3] * scales;
      }
      workgroupBarrier();
    }
    if step < steps {
      let at = 4u * step;
      if reads_x {
        a = bitcast<vec4<u32>>(x[x_at.x + at]);
        b = bitcast<vec4<u32>>(x[x_at.y + at]);
        c = bitcast<vec4<u32>>(x[x_at.z + at]);
        d = bitcast<vec4<u32>>(x[x_at.w + at]);
      } else if reads_w {
        a = vec4<u32>();
        b = vec4<u32>();
        c = vec4<u32>();
        d = vec4<u32>();
        if at + q < w_quads {
          a = words4(w_at.x + at);
          b = words4(w_at.y + at);
          c = words4(w_at.z + at);
          d = words4(w_at.w + at);
        }
      }
    }
    if step > 0u {
      for (var k = 0u; k < 16u; k++) {
        let w = w_tile[k * w_row + lane];
        let low = x_tile[k * x_row + line];
        sum0 = fma(low.xxxx, w, sum0);
        sum1 = fma(low.yyyy, w, sum1);
        sum2 = fma(low.zzzz, w, sum2);
        sum3 = fma(low.wwww, w, sum3);
        if tile > 64u {
          let high = x_tile[k * x_row + 16u + line];
          sum4 = fma(high.xxxx, w, sum4);
          sum5 = fma(high.yyyy, w, sum5);
          sum6 = fma(high.zzzz, w, sum6);
          sum7 = fma(high.wwww, w, sum7);
        }
      }
    }
  }
  let sums = array(sum0, sum1, sum2, sum3, sum4, sum5, sum6, sum7);
  for (var i = 0u; i < select(4u, 8u, tile > 64u); i++) {
    store(first_t + 64u * (i / 4u) + 4u * line + i % 4u, first_n + 4u * lane, sums[i]);
  }
}
