// Quads of the pages as kernels read them: in float32.
alias Quad = vec4<f32>;

fn numbers(quad: Quad) -> vec4<f32> {
  return quad;
}
