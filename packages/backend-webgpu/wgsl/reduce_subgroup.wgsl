// Sums over neighbouring invocations by subgroups, which need no barrier where one holds all `lanes`. WGSL does not promise that
// neighbours share a subgroup: a self-test at the start does. Stands in for reduce_workgroup.wgsl.
enable subgroups;

override lanes: u32 = 32u;
// Of every subgroup: the recorder fills it in from what the adapter tells.
override subgroup_width: u32;

var<workgroup> reduce_sums: array<vec4<f32>, 256u / subgroup_width>;

fn total(v: vec4<f32>, index: u32) -> vec4<f32> {
  if lanes < subgroup_width {
    var sum = v;
    for (var step = lanes / 2u; step > 0u; step /= 2u) {
      sum += subgroupShuffleXor(sum, step);
    }
    return sum;
  }
  let part = subgroupAdd(v);
  if lanes == subgroup_width {
    return part;
  }
  let parts = lanes / subgroup_width;
  if index % subgroup_width == 0u {
    reduce_sums[index / subgroup_width] = part;
  }
  workgroupBarrier();
  var sum = vec4<f32>();
  for (var i = 0u; i < parts; i++) {
    sum += reduce_sums[index / lanes * parts + i];
  }
  workgroupBarrier();
  return sum;
}
