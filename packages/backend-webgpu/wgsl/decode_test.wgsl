// What codes stand for, to be compared bit for bit. codes [4 · quads] → y [4 · quads]
struct Params {
  quads: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> codes: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<u32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if id.x < p.quads {
    y[id.x] = bitcast<vec4<u32>>(decoded4(id.x));
  }
}
