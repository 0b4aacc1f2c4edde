// [gather.1] Rows of a table of codes. ids [R], codes [N, W] → y [R, stride], where
// W is D and the zeros that fill whole loads of 16 bytes
struct Params {
  R: u32,
  D: u32,
  W: u32,
  stride: u32,
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
  let at = (id - p.first) * (p.W / 4u) + i % quads;
  let values = decoded4(at);
  let column = 4u * (i % quads);
  for (var c = 0u; c < min(4u, p.D - column); c++) {
    y[(i / quads) * p.stride + column + c] = values[c];
  }
}
