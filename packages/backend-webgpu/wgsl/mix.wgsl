// [attention.5] Values weighed with probabilities [H, count, S] → rows origin … origin + count − 1 of y [T, H · d]
struct Params {
  origin: u32,
  count: u32,
  begin: u32,
  S: u32,
  H: u32,
  across: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> values: array<Quad>;
@group(0) @binding(2) var<storage, read> probabilities: array<f32>;
@group(0) @binding(3) var<storage, read> pages: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * p.across + group.x) * 64u + lane;
  if i >= p.count * p.H * head_size {
    return;
  }
  let c = i % head_size;
  let h = (i / head_size) % p.H;
  let t = i / head_size / p.H;
  var sum = 0.0;
  for (var s = 0u; s < p.S; s++) {
    let j = p.begin + s;
    let slot = pages[j / page_size] * page_size + j % page_size;
    let quad = numbers(values[value_at(slot, h / (p.H / kv_heads), c / 4u)]);
    sum += probabilities[(h * p.count + t) * p.S + s] * quad[c % 4u];
  }
  y[(p.origin * p.H + t * p.H + h) * head_size + c] = sum;
}
