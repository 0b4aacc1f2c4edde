// The same without arithmetic on floats, for adapters where that of code_values.wgsl is not exact: stands in for it.

fn half_values(codes: vec4<u32>) -> vec4<f32> {
  let magnitude = codes & vec4(0x7fffu);
  let normal = (magnitude << vec4(13u)) + vec4(0x38000000u);
  return with_sign(select(normal, subnormal(magnitude, 103u), magnitude < vec4(0x400u)), codes << vec4(16u));
}

fn e4m3_values(codes: vec4<u32>) -> vec4<f32> {
  let magnitude = codes & vec4(0x7fu);
  let normal = (magnitude << vec4(20u)) + vec4(0x3c000000u);
  return with_sign(select(normal, subnormal(magnitude, 118u), magnitude < vec4(8u)), codes << vec4(24u));
}

// Bits of mantissa · 2^(exponent − 127): the leading one of the mantissa becomes the one that f32 does not write.
fn subnormal(mantissa: vec4<u32>, exponent: u32) -> vec4<u32> {
  let top = firstLeadingBit(mantissa | vec4(1u));
  let bits = ((mantissa << (vec4(23u) - top)) & vec4(0x7fffffu)) | ((top + vec4(exponent)) << vec4(23u));
  return select(bits, vec4(0u), mantissa == vec4(0u));
}

fn with_sign(magnitude: vec4<u32>, code: vec4<u32>) -> vec4<f32> {
  return bitcast<vec4<f32>>(magnitude | (code & vec4(0x80000000u)));
}
