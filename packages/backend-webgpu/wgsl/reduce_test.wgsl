// Sums of small whole numbers, which are exact in any order: of two calls, the second of which must not disturb the first.
// → y [2, 256, 4]
struct Params {
  unused: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<f32>>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) index: u32) {
  let i = f32(index);
  y[index] = total(vec4(1.0, i, i * i, f32((37u * index) % 251u)), index);
  y[256u + index] = total(vec4(i, 255.0 - i, 1.0, f32((91u * index) % 241u)), index);
}
