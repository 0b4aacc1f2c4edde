// [rmsNorm] y = x / √(mean(x²) + epsilon) · weight. x [T, stride], of which D count, weight [D] → y [T, stride]. A workgroup, of
// `lanes` invocations, has one row.
struct Params {
  D: u32,
  epsilon: f32,
  stride: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(lanes)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let offset = group.x * p.stride;
  var sum = 0.0;
  for (var i = lane; i < p.D; i += lanes) {
    sum += x[offset + i] * x[offset + i];
  }
  let factor = inverseSqrt(total(vec4(sum), lane).x / f32(p.D) + p.epsilon);
  for (var i = lane; i < p.D; i += lanes) {
    y[offset + i] = x[offset + i] * factor * weight[i];
  }
}
