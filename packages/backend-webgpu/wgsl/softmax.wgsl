// [attention.4] Scores → probabilities, in place. x [rows, S]; a workgroup has one row.
struct Params {
  S: u32,
  rows: u32,
  across: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> x: array<f32>;

const width = 64u;
const hidden = -1e30;
var<workgroup> lanes: array<f32, width>;

@compute @workgroup_size(width)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * p.across + group.x;
  if row >= p.rows {
    return;
  }
  let offset = row * p.S;
  var largest = hidden;
  for (var j = lane; j < p.S; j += width) {
    largest = max(largest, x[offset + j]);
  }
  lanes[lane] = largest;
  for (var half = width / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if lane < half {
      lanes[lane] = max(lanes[lane], lanes[lane + half]);
    }
  }
  workgroupBarrier();
  largest = lanes[0];
  workgroupBarrier();
  var sum = 0.0;
  for (var j = lane; j < p.S; j += width) {
    let score = x[offset + j];
    // Exactly 0 where a key is not seen, and where e^x would be too small to be a normal number.
    let power = select(exp(max(score - largest, -87.0)), 0.0, score - largest < -87.0);
    x[offset + j] = power;
    sum += power;
  }
  lanes[lane] = sum;
  for (var half = width / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if lane < half {
      lanes[lane] += lanes[lane + half];
    }
  }
  workgroupBarrier();
  for (var j = lane; j < p.S; j += width) {
    x[offset + j] /= lanes[0];
  }
}
