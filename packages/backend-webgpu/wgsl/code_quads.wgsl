// Quads of codes → f32, by the functions of code_values.wgsl.

fn f16_quad(words: vec2<u32>) -> vec4<f32> {
  return half_values(vec4(words.x & 0xffffu, words.x >> 16u, words.y & 0xffffu, words.y >> 16u));
}

fn e4m3_quad(word: u32) -> vec4<f32> {
  return e4m3_values(bytes_of(word));
}

// A half without the lower byte of its mantissa.
fn e5m2_quad(word: u32) -> vec4<f32> {
  return half_values(bytes_of(word) << vec4(8u));
}

fn bytes_of(word: u32) -> vec4<u32> {
  return (vec4(word) >> vec4(0u, 8u, 16u, 24u)) & vec4(0xffu);
}
