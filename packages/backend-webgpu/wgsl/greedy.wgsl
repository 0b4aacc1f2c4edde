// [pass.10] The token of the largest logit of some rows. A row is searched by `parts` workgroups, then what they found by one:
// two dispatches of this kernel, the second with `merging`.
override merging: bool = false;

struct Params {
  V: u32,
  // Numbers between the starts of two rows of `logits`.
  stride: u32,
  parts: u32,
  // Where the token of the first row goes, and its flag.
  token: u32,
  flag: u32,
  // The rows, a workgroup's `y` each.
  rows: array<vec4<u32>, 12>,
}

@group(0) @binding(0) var<uniform> p: Params;
// f32.
@group(0) @binding(1) var<storage, read> logits: array<u32>;
// Of each part of each row: key, id, and the complement of the lowest id of a NaN, 0 for none.
@group(0) @binding(2) var<storage, read_write> found: array<vec4<u32>>;
// Tokens and flags: the third of these numbers.
@group(0) @binding(3) var<storage, read_write> drawn: array<u32>;

const width = 256u;
var<workgroup> best: array<vec3<u32>, width>;

fn better(a: vec3<u32>, b: vec3<u32>) -> vec3<u32> {
  return vec3(select(b.xy, a.xy, precedes(a.xy, b.xy)), max(a.z, b.z));
}

@compute @workgroup_size(width)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  var mine = vec3<u32>();
  if merging {
    for (var part = lane; part < p.parts; part += width) {
      mine = better(mine, found[group.y * p.parts + part].xyz);
    }
  } else {
    let row = p.rows[group.y / 4u][group.y % 4u];
    let length = (p.V + p.parts - 1u) / p.parts;
    let end = min((group.x + 1u) * length, p.V);
    for (var id = group.x * length + lane; id < end; id += width) {
      let bits = logits[row * p.stride + id];
      mine = better(mine, vec3(key_of(bits), id, select(0u, ~id, is_nan(bits))));
    }
  }
  best[lane] = mine;
  for (var half = width / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if lane < half {
      best[lane] = better(best[lane], best[lane + half]);
    }
  }
  if lane > 0u {
    return;
  }
  if merging {
    drawn[p.token + group.y] = best[0].y;
    drawn[p.flag + group.y] = best[0].z;
  } else {
    found[group.y * p.parts + group.x] = vec4(best[0], 0u);
  }
}
