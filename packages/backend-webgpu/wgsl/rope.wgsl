// [rope.1] Turns the halves of each head by the angles of its token, whose sines and cosines the host has computed.
// x [T, heads · d], cos and sin [T, d / 2] → y [T, heads · d]
struct Params {
  T: u32,
  heads: u32,
  half: u32,
  across: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> cos: array<f32>;
@group(0) @binding(3) var<storage, read> sin: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let pair = (group.y * p.across + group.x) * 64u + lane;
  if pair >= p.T * p.heads * p.half {
    return;
  }
  let head = pair / p.half;
  let i = pair % p.half;
  let first = 2u * p.half * head + i;
  let second = first + p.half;
  let angle = (head / p.heads) * p.half + i;
  y[first] = x[first] * cos[angle] - x[second] * sin[angle];
  y[second] = x[second] * cos[angle] + x[first] * sin[angle];
}
