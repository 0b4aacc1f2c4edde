// [pass.10] The order of logits, by their bits: a device may compare as if there were no NaN and no infinity, and may take
// subnormal numbers for 0.

// A number that rises as the value does; both zeros are one, and every value is above 0.
fn key_of(bits: u32) -> u32 {
  let value = select(bits, 0u, bits == 0x80000000u);
  return select(value | 0x80000000u, ~value, value >= 0x80000000u);
}

fn bits_of(key: u32) -> u32 {
  return select(~key, key & 0x7fffffffu, key >= 0x80000000u);
}

fn is_nan(bits: u32) -> bool {
  return (bits & 0x7fffffffu) > 0x7f800000u;
}

fn is_finite(bits: u32) -> bool {
  return (bits & 0x7fffffffu) < 0x7f800000u;
}

// Tokens as (key, id): the larger logit first, the lower id first among equals. (0, 0) is none, and last.
fn precedes(a: vec2<u32>, b: vec2<u32>) -> bool {
  return a.x > b.x || (a.x == b.x && a.y < b.y);
}
