// [rope.1] Turns the halves of each head of new queries and keys by the angles of their token; the keys and the values go to the
// pages. x [T, (H + 2 · G) · d], queries, keys, values → y [T, H · d]. An invocation has a quad of numbers of a head.
struct Params {
  T: u32,
  H: u32,
  x_stride: u32,
  y_stride: u32,
  across: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(3) var<storage, read> x: array<f32>;
// Cosine and sine [T, d / 2], which the host has computed.
@group(0) @binding(4) var<storage, read> angles: array<vec2<f32>>;
// Where each row lies in the pages [T].
@group(0) @binding(5) var<storage, read> slots: array<u32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;

// Number c of the head that begins at `at`, turned.
fn turned(at: u32, t: u32, c: u32) -> f32 {
  let half = head_size / 2u;
  let angle = angles[t * half + c % half];
  if c < half {
    return x[at + c] * angle.x - x[at + c + half] * angle.y;
  }
  return x[at + c] * angle.x + x[at + c - half] * angle.y;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * p.across + group.x) * 64u + lane;
  let heads = p.H + 2u * kv_heads;
  let first = 4u * (i % quads);
  let head = (i / quads) % heads;
  let t = i / quads / heads;
  if t >= p.T {
    return;
  }
  let at = t * p.x_stride + head * head_size;
  let count = min(4u, head_size - first);
  var quad = vec4(0.0);
  for (var j = 0u; j < count; j++) {
    let c = first + j;
    if head < p.H + kv_heads {
      quad[j] = turned(at, t, c);
    } else {
      quad[j] = x[at + c];
    }
  }
  if head < p.H {
    for (var j = 0u; j < count; j++) {
      y[t * p.y_stride + head * head_size + first + j] = quad[j];
    }
  } else if head < p.H + kv_heads {
    keep_key(slots[t], head - p.H, first, quad, count);
  } else {
    keep_value(slots[t], head - p.H - kv_heads, first, quad, count);
  }
}
