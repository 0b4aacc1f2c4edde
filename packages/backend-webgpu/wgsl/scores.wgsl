// [attention.2] [attention.3] Scores of some queries of one sequence with the keys at positions begin … begin + S − 1.
// query [T, H · d], of which rows origin … origin + count − 1; the first of them stands at position `start` → y [H, count, S]
struct Params {
  origin: u32,
  count: u32,
  start: u32,
  begin: u32,
  S: u32,
  H: u32,
  // 0 for none.
  window: u32,
  factor: f32,
  across: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> keys: array<Quad>;
@group(0) @binding(2) var<storage, read> query: array<f32>;
@group(0) @binding(3) var<storage, read> pages: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

// softmax.wgsl takes it for a key that is not seen. No infinity: WGSL may assume that there is none.
const hidden = -1e30;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * p.across + group.x) * 64u + lane;
  if i >= p.H * p.count * p.S {
    return;
  }
  let j = p.begin + i % p.S;
  let t = (i / p.S) % p.count;
  let h = i / p.S / p.count;
  let position = p.start + t;
  if j > position || (p.window > 0u && position - j >= p.window) {
    y[i] = hidden;
    return;
  }
  let slot = pages[j / page_size] * page_size + j % page_size;
  let g = h / (p.H / kv_heads);
  let at_query = ((p.origin + t) * p.H + h) * head_size;
  var sum = 0.0;
  for (var quad = 0u; quad < quads; quad++) {
    let key = numbers(keys[key_at(slot, g, quad)]);
    for (var k = 0u; k < min(4u, head_size - 4u * quad); k++) {
      sum += query[at_query + 4u * quad + k] * key[k];
    }
  }
  y[i] = sum * p.factor;
}
