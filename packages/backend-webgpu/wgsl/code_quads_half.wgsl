// The same by what the device has for float16, two codes at a time, in a third of the operations. WGSL lets a device flush
// subnormal halves, which codes with exponent 0 become here: a self-test finds out. Stands in for code_quads.wgsl.

fn f16_quad(words: vec2<u32>) -> vec4<f32> {
  return vec4(unpack2x16float(words.x), unpack2x16float(words.y));
}

// Sign, exponent and mantissa in their places in a half, whose exponent has another bias: 2⁸ times as much is meant.
fn e4m3_quad(word: u32) -> vec4<f32> {
  let even = unpack2x16float(((word & 0x007f007fu) << 7u) | ((word & 0x00800080u) << 8u));
  let odd = unpack2x16float(((word & 0x7f007f00u) >> 1u) | (word & 0x80008000u));
  return vec4(even.x, odd.x, even.y, odd.y) * 256.0;
}

// A half without the lower byte of its mantissa.
fn e5m2_quad(word: u32) -> vec4<f32> {
  let even = unpack2x16float((word & 0x00ff00ffu) << 8u);
  let odd = unpack2x16float(word & 0xff00ff00u);
  return vec4(even.x, odd.x, even.y, odd.y);
}
