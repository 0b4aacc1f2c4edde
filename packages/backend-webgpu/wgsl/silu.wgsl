// [silu.1] x / (1 + e⁻ˣ). e⁸⁸ is near the largest number; beyond, 1 + e⁻ˣ is e⁻ˣ.
fn silu(x: f32) -> f32 {
  let root = exp(0.5 * x);
  return select(x / (1.0 + exp(-max(x, -88.0))), x * root * root, x < -88.0);
}
