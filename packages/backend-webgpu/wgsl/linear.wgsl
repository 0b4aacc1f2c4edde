// [linear.1] y = x · (scale · codes)ᵀ + bias. x [T, K], codes [N, K] → y [T, N]; K fills whole loads of
// 16 bytes, with zeros. `lanes` invocations sum up one column of y for `tile` rows: each weight is decoded once for all of them.
override scale_kind: u32 = 0u; // 0 none, 1 of the tensor, 2 of each row, 3 of each 128 × 128 block
override has_bias: bool = false;
// 1 or 8.
override tile: u32 = 8u;

struct Params {
  T: u32,
  K: u32,
  N: u32,
  // Rows in the buffer before those of the weight.
  above: u32,
  // The first row of the weight in this binding, and how many there are: a large weight comes in several.
  first: u32,
  rows: u32,
  // Workgroups of a row of the grid, which is two-dimensional because one dimension may be too short.
  across: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> codes: array<u32>;
@group(0) @binding(3) var<storage, read> scale: array<f32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

const width = 64u;

fn block_scale(n: u32, k: u32) -> f32 {
  return scale[(n / 128u) * ((p.K + 127u) / 128u) + k / 128u];
}

@compute @workgroup_size(width)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let block = group.y * p.across + group.x;
  let columns = width / lanes;
  if block * columns >= p.rows {
    return;
  }
  let lane = index % lanes;
  let row = min(block * columns + index / lanes, p.rows - 1u);
  let n = p.first + row;
  let first = group.z * tile;
  let quads = p.K / 4u;
  // Rows beyond the last one are the last one again; they are not written.
  var at: array<u32, 8>;
  for (var t = 0u; t < tile; t++) {
    at[t] = min(first + t, p.T - 1u) * quads;
  }
  var low = vec4<f32>();
  var high = vec4<f32>();
  for (var k = lane; k < quads; k += lanes) {
    var w = decoded4((p.above + row) * quads + k);
    if scale_kind == 3u {
      w *= block_scale(n, 4u * k);
    }
    low.x += dot(w, x[at[0] + k]);
    if tile > 1u {
      low.y += dot(w, x[at[1] + k]);
      low.z += dot(w, x[at[2] + k]);
      low.w += dot(w, x[at[3] + k]);
      high.x += dot(w, x[at[4] + k]);
      high.y += dot(w, x[at[5] + k]);
      high.z += dot(w, x[at[6] + k]);
      high.w += dot(w, x[at[7] + k]);
    }
  }
  low = total(low, index);
  if tile > 1u {
    high = total(high, index);
  }
  if block * columns + index / lanes >= p.rows {
    return;
  }
  for (var i = lane; i < tile; i += lanes) {
    let t = first + i;
    if t < p.T {
      var sum = select(low[i % 4u], high[i % 4u], i >= 4u);
      if scale_kind == 1u {
        sum *= scale[0];
      }
      if scale_kind == 2u {
        sum *= scale[n];
      }
      if has_bias {
        sum += bias[n];
      }
      y[t * p.N + n] = sum;
    }
  }
}
