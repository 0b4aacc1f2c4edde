// Codes as they lie on disk → f32, exact for every finite code. No subnormal of any float format is ever an operand: WGSL
// lets those be flushed to zero.
override format: u32 = 0u; // 0 F32, 1 BF16, 2 F16, 3 F8_E4M3, 4 F8_E5M2

// Elements 4·i … 4·i + 3 of `codes`, which the kernel binds.
fn decoded4(i: u32) -> vec4<f32> {
  switch format {
    case 1u: {
      let words = vec2(codes[2u * i], codes[2u * i + 1u]);
      return bitcast<vec4<f32>>(vec4(words.x << 16u, words.x & 0xffff0000u, words.y << 16u, words.y & 0xffff0000u));
    }
    case 2u: {
      let words = vec2(codes[2u * i], codes[2u * i + 1u]);
      return half_values(vec4(words.x & 0xffffu, words.x >> 16u, words.y & 0xffffu, words.y >> 16u));
    }
    case 3u: { return e4m3_values((vec4(codes[i]) >> vec4(0u, 8u, 16u, 24u)) & vec4(0xffu)); }
    case 4u: { return half_values(((vec4(codes[i]) >> vec4(0u, 8u, 16u, 24u)) & vec4(0xffu)) << vec4(8u)); }
    default: { return bitcast<vec4<f32>>(vec4(codes[4u * i], codes[4u * i + 1u], codes[4u * i + 2u], codes[4u * i + 3u])); }
  }
}

// Exponent of 5 bits, mantissa of 10. Codes with exponent 0 are mantissa · 2⁻²⁴.
fn half_values(codes: vec4<u32>) -> vec4<f32> {
  let magnitude = codes & vec4(0x7fffu);
  let normal = bitcast<vec4<f32>>((magnitude << vec4(13u)) + vec4(0x38000000u));
  let value = select(normal, vec4<f32>(magnitude) * 0x1p-24f, magnitude < vec4(0x400u));
  return select(value, -value, (codes & vec4(0x8000u)) != vec4(0u));
}

// Exponent of 4 bits, mantissa of 3. The first number is right for exponents from 1 on, the second for exponent 0, and the
// smaller of them always.
fn e4m3_values(codes: vec4<u32>) -> vec4<f32> {
  let shifted = bitcast<vec4<f32>>(((codes & vec4(0x7fu)) << vec4(20u)) + vec4(0x3c000000u));
  let magnitude = min(shifted, 2.0 * shifted - vec4(0x1p-6f));
  return select(magnitude, -magnitude, (codes & vec4(0x80u)) != vec4(0u));
}
