// [attention.2] … [attention.5] for whole passes, without a store of scores. A workgroup takes one item of the work list:
// a block of query rows of one KV head of one sequence, and a range of keys, which it reads once for all of these rows.
// Rows are numbered token · H/G + head in the group of the KV head. query [T, query_stride] → y [T, y_stride]; where the
// keys of a block are split over several items → partial, which `combine` reads.
// See `work-list.ts` for the list, and Dao et al. (2023), Flash-Decoding, for the method.
override group_heads: u32 = 1u; // H / G
override rows: u32 = 4u; // of a block: a multiple of 4
override positions: u32 = 128u; // whose keys are looked at together: a multiple of the 64 of a page

struct Params {
  items: u32, // where the items begin in the list
  query_stride: u32,
  y_stride: u32,
  window: u32, // 0 for none
  factor: f32, // 1 / √d
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> keys: array<Quad>;
@group(0) @binding(2) var<storage, read> values: array<Quad>;
@group(0) @binding(3) var<storage, read> query: array<f32>;
@group(0) @binding(4) var<storage, read> work: array<u32>;
// Per item, KV head and row: the quads of Σ power · value, then largest score and Σ power.
@group(0) @binding(5) var<storage, read_write> partial: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;

const none = 0xffffffffu;
// For a key that is not seen. No infinity: WGSL may assume that there is none.
const hidden = -1e30;

// An invocation has to do with 4 rows: one of `fours`.
override fours: u32 = rows / 4u;
override width: u32 = positions * fours;
// Numbers of values are shared out as quads × fours × as many groups of positions as there is room for.
override position_groups: u32 = width / (quads * fours);
const parts = 16u; // that the largest score is looked for in

var<workgroup> rows_q: array<mat4x4<f32>, quads * fours>;
var<workgroup> powers: array<vec4<f32>, width>; // [fours][positions], first the scores; at last what is summed up
var<workgroup> maxima: array<vec4<f32>, parts * fours>;

// eˣ for x ≤ 0: exactly 0 where that would be too small to be a normal number.
fn power_of(x: vec4<f32>) -> vec4<f32> {
  return select(exp(max(x, vec4(-87.0))), vec4(0.0), x < vec4(-87.0));
}

// The sum over the groups of positions, in the first group.
fn over_groups(lane: u32, x: vec4<f32>) -> vec4<f32> {
  workgroupBarrier();
  powers[lane] = x;
  workgroupBarrier();
  var sum = x;
  if lane < quads * fours {
    for (var i = 1u; i < position_groups; i++) {
      sum += powers[lane + i * quads * fours];
    }
  }
  return sum;
}

@compute @workgroup_size(width)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let g = group.y;
  let item = p.items + 8u * group.x;
  let first = work[item];
  let count = work[item + 1u];
  let shift = work[item + 2u]; // position − row of the pass, modulo 2³²
  let begin = work[item + 3u]; // a multiple of 64
  let end = work[item + 4u];
  let table = work[item + 5u]; // of the page of position 0, modulo 2³²
  let result = work[item + 6u];

  for (var i = lane; i < 4u * quads * fours; i += width) {
    let r = i / quads;
    let c = 4u * (i % quads);
    let row = first + r;
    let head = g * group_heads + row % group_heads;
    let at = (row / group_heads) * p.query_stride + head * head_size + c;
    var x = vec4(0.0);
    for (var k = 0u; k < select(0u, min(4u, head_size - c), r < count); k++) {
      x[k] = query[at + k] * p.factor;
    }
    rows_q[(r / 4u) * quads + i % quads][r % 4u] = x;
  }

  // As each looks at keys …
  let four = lane / positions;
  let own = lane % positions;
  let position = vec4(shift) + (vec4(first + 4u * four) + vec4(0u, 1u, 2u, 3u)) / vec4(group_heads);
  // … and as each sums up values.
  let mixer = lane < quads * fours * position_groups;
  let quad = lane % quads;
  let mix_four = (lane / quads) % fours;
  let mix_group = lane / (quads * fours);

  var largest = vec4(hidden); // of the rows of mix_four
  var own_largest = vec4(hidden); // of the rows of four
  var sum = vec4(0.0);
  var mixed = mat4x4<f32>(); // a column for each row
  workgroupBarrier();
  for (var start = begin; start < end; start += positions) {
    let j = start + own;
    var score = vec4(hidden);
    // Beyond, there may be no page.
    if j < end {
      let slot = work[table + j / page_size] * page_size + j % page_size;
      score = vec4(0.0);
      for (var c = 0u; c < quads; c++) {
        score += numbers(keys[key_at(slot, g, c)]) * rows_q[four * quads + c];
      }
      var seen = vec4(j) <= position;
      if p.window > 0u {
        seen = seen & (position - vec4(j) < vec4(p.window));
      }
      score = select(vec4(hidden), score, seen);
    }
    powers[lane] = score;
    workgroupBarrier();
    if lane < parts * fours {
      let at = (lane / parts) * positions;
      var found = vec4(hidden);
      for (var i = lane % parts; i < positions; i += parts) {
        found = max(found, powers[at + i]);
      }
      maxima[lane] = found;
    }
    workgroupBarrier();
    let before = largest;
    for (var i = 0u; i < parts; i++) {
      own_largest = max(own_largest, maxima[four * parts + i]);
      largest = max(largest, maxima[mix_four * parts + i]);
    }
    // A key that is not seen counts nothing, even where a row sees none so far.
    powers[lane] = select(power_of(score - own_largest), vec4(0.0), score <= vec4(hidden));
    workgroupBarrier();
    if mixer {
      let shrunk = power_of(before - largest);
      sum *= shrunk;
      mixed = mat4x4(mixed[0] * shrunk.x, mixed[1] * shrunk.y, mixed[2] * shrunk.z, mixed[3] * shrunk.w);
      for (var part = 0u; part < positions && start + part < end; part += page_size) {
        let slots = work[table + (start + part) / page_size] * page_size;
        let at = value_at(slots, g, quad);
        let stop = min(page_size, end - start - part);
        for (var s = mix_group; s < stop; s += position_groups) {
          let value = numbers(values[at + s * quads]);
          let power = powers[mix_four * positions + part + s];
          sum += power;
          mixed += mat4x4(value * power.x, value * power.y, value * power.z, value * power.w);
        }
      }
    }
    workgroupBarrier();
  }

  sum = over_groups(lane, sum);
  mixed = mat4x4(
    over_groups(lane, mixed[0]), over_groups(lane, mixed[1]), over_groups(lane, mixed[2]), over_groups(lane, mixed[3]),
  );
  if lane >= quads * fours {
    return;
  }
  for (var i = 0u; i < 4u; i++) {
    let r = 4u * mix_four + i;
    if r >= count {
      break;
    }
    if result == none {
      let row = first + r;
      let head = g * group_heads + row % group_heads;
      let x = mixed[i] / sum[i];
      for (var k = 0u; k < min(4u, head_size - 4u * quad); k++) {
        y[(row / group_heads) * p.y_stride + head * head_size + 4u * quad + k] = x[k];
      }
    } else {
      let at = ((result * kv_heads + g) * rows + r) * (quads + 1u);
      partial[at + quad] = mixed[i];
      if quad == 0u {
        partial[at + quads] = vec4(largest[i], sum[i], 0.0, 0.0);
      }
    }
  }
}
