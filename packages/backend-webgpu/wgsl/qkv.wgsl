// [rope.1] Query, key and value of one codes matrix [(H + 2G) · d, D] after products.wgsl: the query is turned, [T, H · d];
// the key is turned and goes into the pages with the value. A block has 4 numbers of the first half of a head and those that
// they are turned with.
override heads: u32; // H
override half: u32 = head_size / 2u;

@group(0) @binding(7) var<storage, read_write> y: array<f32>;
// Cosine and sine [T, d / 2], which the host has computed.
@group(0) @binding(8) var<storage, read> angles: array<vec2<f32>>;

fn quads_of_half() -> u32 {
  return (half + 3u) / 4u;
}

fn rows_of(block: u32) -> vec2<u32> {
  let row = 2u * half * (block / quads_of_half()) + 4u * (block % quads_of_half());
  return vec2(row, row + half);
}

// Each of the three has blocks of its own.
fn block_row(n: u32) -> u32 {
  let q = 2u * half * heads;
  let k = 2u * half * kv_heads;
  if n < q {
    return n / 128u;
  }
  if n < q + k {
    return (q + 127u) / 128u + (n - q) / 128u;
  }
  return (q + 127u) / 128u + (k + 127u) / 128u + (n - q - k) / 128u;
}

fn finish(t: u32, block: u32, low_sums: vec4<f32>, high_sums: vec4<f32>) {
  let head = block / quads_of_half();
  let c = 4u * (block % quads_of_half());
  let count = min(4u, half - c);
  let n = 2u * half * head + c;
  var first = vec4<f32>();
  var second = vec4<f32>();
  for (var i = 0u; i < count; i++) {
    let u = result(n + i, low_sums[i]);
    let v = result(n + half + i, high_sums[i]);
    first[i] = u;
    second[i] = v;
    if head < heads + kv_heads {
      let angle = angles[t * half + c + i];
      first[i] = u * angle.x - v * angle.y;
      second[i] = v * angle.x + u * angle.y;
    }
  }
  let slot = p.slots[t / 4u][t % 4u];
  if head < heads {
    for (var i = 0u; i < count; i++) {
      y[t * p.y_stride + n + i] = first[i];
      y[t * p.y_stride + n + half + i] = second[i];
    }
  } else if head < heads + kv_heads {
    keep_key(slot, head - heads, c, first, count);
    keep_key(slot, head - heads, c + half, second, count);
  } else {
    keep_value(slot, head - heads - kv_heads, c, first, count);
    keep_value(slot, head - heads - kv_heads, c + half, second, count);
  }
}
