// Puts together what `attend` left of a row whose keys were split: partial → y [T, y_stride]. A workgroup has one row of one
// KV head, and its invocations are shared out as quads × groups of splits.
override group_heads: u32 = 1u; // H / G
override rows: u32 = 4u; // of a block
override width: u32 = 256u;
override split_groups: u32 = width / quads;

struct Params {
  merges: u32, // where these begin in the list
  y_stride: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> work: array<u32>;
@group(0) @binding(2) var<storage, read> partial: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

const hidden = -1e30;

var<workgroup> mixes: array<vec4<f32>, width>;
var<workgroup> scales: array<vec2<f32>, width>; // largest score, Σ power

// eˣ for x ≤ 0: exactly 0 where that would be too small to be a normal number.
fn power_of(x: f32) -> f32 {
  return select(exp(max(x, -87.0)), 0.0, x < -87.0);
}

@compute @workgroup_size(width)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let g = group.y;
  let merge = p.merges + 4u * group.x;
  let row = work[merge];
  let first = work[merge + 1u]; // of the row's splits
  let count = work[merge + 2u];
  let r = work[merge + 3u]; // in the block
  let quad = lane % quads;
  var largest = hidden;
  var sum = 0.0;
  var mixed = vec4(0.0);
  // What invocations beyond the last group sum up is not used.
  for (var i = lane / quads; i < count; i += split_groups) {
    let at = (((first + i) * kv_heads + g) * rows + r) * (quads + 1u);
    let scale = partial[at + quads];
    let larger = max(largest, scale.x);
    let shrunk = power_of(largest - larger);
    let weight = power_of(scale.x - larger);
    sum = sum * shrunk + scale.y * weight;
    mixed = mixed * shrunk + partial[at + quad] * weight;
    largest = larger;
  }
  mixes[lane] = mixed;
  scales[lane] = vec2(largest, sum);
  workgroupBarrier();
  if lane >= quads {
    return;
  }
  for (var i = 1u; i < min(split_groups, count); i++) {
    let scale = scales[lane + i * quads];
    let larger = max(largest, scale.x);
    let shrunk = power_of(largest - larger);
    let weight = power_of(scale.x - larger);
    sum = sum * shrunk + scale.y * weight;
    mixed = mixed * shrunk + mixes[lane + i * quads] * weight;
    largest = larger;
  }
  let x = mixed / sum;
  let head = g * group_heads + row % group_heads;
  for (var k = 0u; k < min(4u, head_size - 4u * quad); k++) {
    y[(row / group_heads) * p.y_stride + head * head_size + 4u * quad + k] = x[k];
  }
}
