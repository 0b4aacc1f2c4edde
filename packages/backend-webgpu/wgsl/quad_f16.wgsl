// Quads of the pages as kernels read them: in float16, which no feature is needed for.
alias Quad = vec2<u32>;

fn numbers(quad: Quad) -> vec4<f32> {
  return vec4(unpack2x16float(quad.x), unpack2x16float(quad.y));
}
