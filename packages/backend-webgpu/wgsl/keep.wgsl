// Writes into the pages, in float32. Single numbers, not quads: two invocations may share a quad where d / 2 is no multiple
// of 4, and a write to a part of a vector may write all of it.
@group(0) @binding(1) var<storage, read_write> keys: array<f32>;
@group(0) @binding(2) var<storage, read_write> values: array<f32>;

// The first `count` of x become numbers c … c + count − 1 of the key of head g at a slot.
fn keep_key(slot: u32, g: u32, c: u32, x: vec4<f32>, count: u32) {
  for (var i = 0u; i < count; i++) {
    keys[4u * key_at(slot, g, (c + i) / 4u) + (c + i) % 4u] = x[i];
  }
}

// The same of a value.
fn keep_value(slot: u32, g: u32, c: u32, x: vec4<f32>, count: u32) {
  for (var i = 0u; i < count; i++) {
    values[4u * value_at(slot, g, (c + i) / 4u) + (c + i) % 4u] = x[i];
  }
}
