// [gather.1] Rows of a table of codes. ids [R], codes [N, W] → y [R, D], where W is D filled up to a multiple of 4
struct Params {
  R: u32,
  D: u32,
  // The first row of the table in this binding, and how many there are.
  first: u32,
  rows: u32,
  across: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read> codes: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * p.across + group.x) * 64u + lane;
  let quads = (p.D + 3u) / 4u;
  if i >= p.R * quads {
    return;
  }
  let id = ids[i / quads];
  if id < p.first || id >= p.first + p.rows {
    return;
  }
  let values = decoded4((id - p.first) * quads + i % quads);
  let column = 4u * (i % quads);
  for (var c = 0u; c < min(4u, p.D - column); c++) {
    y[(i / quads) * p.D + column + c] = values[c];
  }
}
