// [silu.1] The gate's and the up-projection's product: x [T, 2 · F], all of the gate and then all of up → y [T, F]
struct Params {
  T: u32,
  F: u32,
  x_stride: u32,
  y_stride: u32,
  across: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * p.across + group.x) * 256u + lane;
  let t = i / p.F;
  if t >= p.T {
    return;
  }
  let at = t * p.x_stride + i % p.F;
  y[t * p.y_stride + i % p.F] = silu(x[at]) * x[at + p.F];
}
