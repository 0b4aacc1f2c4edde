// How fast memory is read: the sum of a buffer, neighbouring invocations beside each other, four loads under way at once.

override count: u32; // of quads, a multiple of four times all invocations

@group(0) @binding(0) var<storage, read> data: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> sums: array<f32>; // one an invocation

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let stride = groups.x * 256u;
  var sum = vec4<f32>();
  for (var i = id.x; i < count; i += 4u * stride) {
    sum += (data[i] + data[i + stride]) + (data[i + 2u * stride] + data[i + 3u * stride]);
  }
  sums[id.x] = sum.x + sum.y + sum.z + sum.w;
}
