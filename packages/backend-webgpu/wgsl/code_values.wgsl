// Codes of small formats → f32, exact for every finite code. No subnormal of any float format is ever an operand: WGSL lets those
// be flushed to zero.

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
