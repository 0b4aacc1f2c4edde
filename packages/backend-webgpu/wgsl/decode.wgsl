// Codes as they lie on disk → f32, exact for every finite code.
override format: u32 = 0u; // 0 F32, 1 BF16, 2 F16, 3 F8_E4M3, 4 F8_E5M2

// Four codes one after the other: in one word if they have 8 bits, in two if 16, in four if F32.
fn decoded(words: vec4<u32>) -> vec4<f32> {
  switch format {
    case 1u: { return bitcast<vec4<f32>>(vec4(words.x << 16u, words.x & 0xffff0000u, words.y << 16u, words.y & 0xffff0000u)); }
    case 2u: { return f16_quad(words.xy); }
    case 3u: { return e4m3_quad(words.x); }
    case 4u: { return e5m2_quad(words.x); }
    default: { return bitcast<vec4<f32>>(words); }
  }
}

// Quads of numbers in 16 bytes of codes: 4 of 8 bits, 2 of 16, 1 of 32.
override quads_per_load: u32 = select(select(2u, 1u, format == 0u), 4u, format > 2u);

// Quad i of 16 bytes.
fn quad_of(load: vec4<u32>, i: u32) -> vec4<f32> {
  switch quads_per_load {
    case 4u: { return decoded(vec4(load[i])); }
    case 2u: { return decoded(select(load.xyxy, load.zwzw, i == 1u)); }
    default: { return decoded(load); }
  }
}
