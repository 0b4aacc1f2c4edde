// [silu.1] x / (1 + e⁻ˣ); x · z; x + z. All [T, D].
override op: u32 = 0u; // 0 silu, 1 mul, 2 add

struct Params {
  length: u32,
  across: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> z: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * p.across + group.x) * 64u + lane;
  if i >= p.length {
    return;
  }
  switch op {
    case 0u: { y[i] = silu(x[i]); }
    case 1u: { y[i] = x[i] * z[i]; }
    default: { y[i] = x[i] + z[i]; }
  }
}
