// Rows of x [T, K] filled up with zeros → y [T, W]
struct Params {
  T: u32,
  K: u32,
  W: u32,
  across: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * p.across + group.x) * 64u + lane;
  if i >= p.T * p.W {
    return;
  }
  let k = i % p.W;
  var value = 0.0;
  if k < p.K {
    value = x[(i / p.W) * p.K + k];
  }
  y[i] = value;
}
