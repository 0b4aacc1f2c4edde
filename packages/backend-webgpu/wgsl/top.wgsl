// [pass.12] The k ≤ 64 largest logits of some rows, in order, and the log-sum-exp. A row is searched by `parts` workgroups, then
// what they found by one: two dispatches of this kernel, the second with `merging`.
//
// Nothing is sorted. The k-th of the best of each invocation is a bound: what precedes it are the items of k invocations at
// most, and all of the k largest. Those few are put in order by counting how many precede each.
override merging: bool = false;

struct Params {
  V: u32,
  // Numbers between the starts of two rows of `logits`.
  stride: u32,
  parts: u32,
  k: u32,
  // Records: where that of the first row goes, and those of the parts.
  first: u32,
  between: u32,
  // The rows, a workgroup's `y` each.
  rows: array<vec4<u32>, 12>,
}

@group(0) @binding(0) var<uniform> p: Params;
// f32.
@group(0) @binding(1) var<storage, read> logits: array<u32>;
// Records of 2k + 4: k logits; k ids; the largest logit; Σ e^(logit − largest); the complement of the lowest id of a NaN, 0 for
// none; how many of the k there are.
@group(0) @binding(2) var<storage, read_write> found: array<u32>;

const width = 256u;
// 64 · 16: an invocation has 16 items at most.
const most = 1024u;
var<workgroup> best: array<vec2<u32>, width>;
var<workgroup> bound: vec2<u32>;
var<workgroup> largest: u32;
var<workgroup> kept: array<vec2<u32>, most>;
var<workgroup> count: atomic<u32>;
var<workgroup> nan: atomic<u32>;
var<workgroup> sums: array<f32, width>;

fn record(index: u32) -> u32 {
  return index * (2u * p.k + 4u);
}

// Where the items of a workgroup are: ids in a row, or places in the records of a row's parts.
struct Items {
  begin: u32,
  end: u32,
  offset: u32,
}

fn items_of(group: vec3<u32>) -> Items {
  if merging {
    return Items(0u, p.parts * p.k, p.between + group.y * p.parts);
  }
  let length = (p.V + p.parts - 1u) / p.parts;
  let row = p.rows[group.y / 4u][group.y % 4u];
  return Items(group.x * length, min((group.x + 1u) * length, p.V), row * p.stride);
}

// (key, id), or (0, 0) for none.
fn item(items: Items, i: u32) -> vec2<u32> {
  if !merging {
    return vec2(key_of(logits[items.offset + i]), i);
  }
  let place = i % p.k;
  let at = record(items.offset + i / p.k);
  if place >= found[at + 2u * p.k + 3u] {
    return vec2<u32>();
  }
  return vec2(key_of(found[at + place]), found[at + p.k + place]);
}

// e^(x − largest) of a finite x; where it would be too small to be a normal number, 0.
fn power(x: u32, top: f32) -> f32 {
  let exponent = bitcast<f32>(x) - top;
  return select(exp(max(exponent, -87.0)), 0.0, exponent < -87.0);
}

// What an invocation adds to Σ e^(logit − largest).
fn share(items: Items, lane: u32, top: f32) -> f32 {
  var sum = 0.0;
  if merging {
    for (var part = lane; part < p.parts; part += width) {
      let at = record(items.offset + part) + 2u * p.k;
      if is_finite(found[at]) {
        sum += power(found[at], top) * bitcast<f32>(found[at + 1u]);
      }
    }
  } else {
    for (var i = items.begin + lane; i < items.end; i += width) {
      if is_finite(logits[items.offset + i]) {
        sum += power(logits[items.offset + i], top);
      }
    }
  }
  return sum;
}

@compute @workgroup_size(width)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  // Nobody else does.
  if lane == 0u {
    atomicStore(&count, 0u);
    atomicStore(&nan, 0u);
    bound = vec2<u32>();
  }
  workgroupBarrier();
  let items = items_of(group);
  var mine = vec2<u32>();
  for (var i = items.begin + lane; i < items.end; i += width) {
    let next = item(items, i);
    if precedes(next, mine) {
      mine = next;
    }
    if !merging && is_nan(logits[items.offset + i]) {
      atomicMax(&nan, ~i);
    }
  }
  if merging {
    for (var part = lane; part < p.parts; part += width) {
      atomicMax(&nan, found[record(items.offset + part) + 2u * p.k + 2u]);
    }
  }
  best[lane] = mine;
  workgroupBarrier();
  var before = 0u;
  for (var i = 0u; i < min(width, items.end - items.begin); i++) {
    before += u32(precedes(best[i], mine));
  }
  if before == p.k - 1u {
    bound = mine;
  }
  if before == 0u {
    largest = bits_of(mine.x);
  }
  workgroupBarrier();
  for (var i = items.begin + lane; i < items.end; i += width) {
    let next = item(items, i);
    if next.x > 0u && !precedes(bound, next) {
      kept[atomicAdd(&count, 1u)] = next;
    }
  }
  var sum = 0.0;
  if is_finite(largest) {
    sum = share(items, lane, bitcast<f32>(largest));
  }
  sums[lane] = sum;
  for (var half = width / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if lane < half {
      sums[lane] += sums[lane + half];
    }
  }
  workgroupBarrier();
  let n = atomicLoad(&count);
  let at = record(select(p.between + group.y * p.parts + group.x, p.first + group.y, merging));
  for (var i = lane; i < n; i += width) {
    let own = kept[i];
    var rank = 0u;
    for (var j = 0u; j < n; j++) {
      rank += u32(precedes(kept[j], own));
    }
    if rank < p.k {
      found[at + rank] = bits_of(own.x);
      found[at + p.k + rank] = own.y;
    }
  }
  if lane == 0u {
    found[at + 2u * p.k] = largest;
    found[at + 2u * p.k + 1u] = bitcast<u32>(sums[0]);
    found[at + 2u * p.k + 2u] = atomicLoad(&nan);
    found[at + 2u * p.k + 3u] = min(n, p.k);
  }
}
