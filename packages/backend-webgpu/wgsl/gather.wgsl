// [gather.1] Rows of an earlier value. ids [R], x [T, D] → y [R, D]
struct Params {
  R: u32,
  D: u32,
  across: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * p.across + group.x) * 64u + lane;
  if i < p.R * p.D {
    y[i] = x[ids[i / p.D] * p.D + i % p.D];
  }
}
