// Writes the new keys or values of one sequence into its pages. x [T, C], of which rows origin … origin + count − 1 are the
// sequence's; the first of them stands at position `start`. pages: of positions 0 … 63, 64 … 127, and so on.
struct Params {
  origin: u32,
  count: u32,
  C: u32,
  start: u32,
  across: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> pages: array<u32>;
@group(0) @binding(3) var<storage, read_write> store: array<f32>;

const page_size = 64u;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * p.across + group.x) * 64u + lane;
  if i >= p.count * p.C {
    return;
  }
  let position = p.start + i / p.C;
  let slot = pages[position / page_size] * page_size + position % page_size;
  store[slot * p.C + i % p.C] = x[p.origin * p.C + i];
}
