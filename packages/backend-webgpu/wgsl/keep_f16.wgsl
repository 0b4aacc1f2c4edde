// Writes into the pages, in float16: whole quads only, so c is a multiple of 4, and the numbers of x from `count` on are
// stored as zeros. What float16 can't hold becomes the largest number that it can.
@group(0) @binding(1) var<storage, read_write> keys: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read_write> values: array<vec2<u32>>;

fn halves(x: vec4<f32>, count: u32) -> vec2<u32> {
  let kept = select(vec4(0.0), clamp(x, vec4(-65504.0), vec4(65504.0)), vec4(0u, 1u, 2u, 3u) < vec4(count));
  return vec2(pack2x16float(kept.xy), pack2x16float(kept.zw));
}

// The first `count` of x become numbers c … c + count − 1 of the key of head g at a slot.
fn keep_key(slot: u32, g: u32, c: u32, x: vec4<f32>, count: u32) {
  keys[key_at(slot, g, c / 4u)] = halves(x, count);
}

// The same of a value.
fn keep_value(slot: u32, g: u32, c: u32, x: vec4<f32>, count: u32) {
  values[value_at(slot, g, c / 4u)] = halves(x, count);
}
