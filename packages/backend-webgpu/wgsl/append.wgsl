// Writes the new keys and values of one sequence into its pages. key, value [T, G · d], of which rows origin … origin +
// count − 1 are the sequence's; the first of them stands at position `start`. pages: of positions 0 … 63, 64 … 127, and so on.
struct Params {
  origin: u32,
  count: u32,
  start: u32,
  across: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(3) var<storage, read> key: array<f32>;
@group(0) @binding(4) var<storage, read> value: array<f32>;
@group(0) @binding(5) var<storage, read> pages: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * p.across + group.x) * 64u + lane;
  let c = 4u * (i % quads);
  let head = i / quads;
  let t = head / kv_heads;
  if t >= p.count {
    return;
  }
  let position = p.start + t;
  let slot = pages[position / page_size] * page_size + position % page_size;
  let at = (p.origin * kv_heads + head) * head_size + c;
  let count = min(4u, head_size - c);
  var x = vec4(0.0);
  var z = vec4(0.0);
  for (var k = 0u; k < count; k++) {
    x[k] = key[at + k];
    z[k] = value[at + k];
  }
  keep_key(slot, head % kv_heads, c, x, count);
  keep_value(slot, head % kv_heads, c, z, count);
}
