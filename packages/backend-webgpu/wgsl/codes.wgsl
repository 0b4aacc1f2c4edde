// Reads `codes`, an array<u32> that the kernel binds.

// Elements 4·i … 4·i + 3, as `decoded` takes them.
fn words4(i: u32) -> vec4<u32> {
  switch format {
    case 0u: { return vec4(codes[4u * i], codes[4u * i + 1u], codes[4u * i + 2u], codes[4u * i + 3u]); }
    case 1u, 2u: { return vec4(codes[2u * i], codes[2u * i + 1u], 0u, 0u); }
    default: { return vec4(codes[i], 0u, 0u, 0u); }
  }
}

fn decoded4(i: u32) -> vec4<f32> {
  return decoded(words4(i));
}
