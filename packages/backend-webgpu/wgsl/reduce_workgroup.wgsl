// Sums over neighbouring invocations by workgroup memory, which every device has. See reduce_subgroup.wgsl.
// A power of two; the width of the workgroup, up to 256, is a multiple of it.
override lanes: u32 = 32u;

var<workgroup> reduce_sums: array<vec4<f32>, 256>;

// The sum of `v` over invocations lanes · i … lanes · i + lanes − 1, in each of them. `index` is the local_invocation_index. The
// whole workgroup must call it together; it may do so again at once.
fn total(v: vec4<f32>, index: u32) -> vec4<f32> {
  reduce_sums[index] = v;
  for (var half = lanes / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if index % lanes < half {
      reduce_sums[index] += reduce_sums[index + half];
    }
  }
  workgroupBarrier();
  let sum = reduce_sums[index - index % lanes];
  workgroupBarrier();
  return sum;
}
