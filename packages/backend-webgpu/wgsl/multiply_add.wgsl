// How fast f32 is computed: sixteen chains of fma an invocation, which wait for no memory and not for each other.

@group(0) @binding(0) var<storage, read> given: array<u32>; // rounds
@group(0) @binding(1) var<storage, read_write> sums: array<f32>; // one an invocation

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let x = f32(id.x & 255u);
  var a = vec4<f32>(x, x + 1.0, x + 2.0, x + 3.0);
  var b = a + 4.0;
  var c = a + 8.0;
  var d = a + 12.0;
  let m = vec4<f32>(0.5);
  let n = vec4<f32>(0.25);
  for (var i = 0u; i < given[0]; i++) {
    a = fma(a, m, n);
    b = fma(b, m, n);
    c = fma(c, m, n);
    d = fma(d, m, n);
  }
  let sum = a + b + c + d;
  sums[id.x] = sum.x + sum.y + sum.z + sum.w;
}
