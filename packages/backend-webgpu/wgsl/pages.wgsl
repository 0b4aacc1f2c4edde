// Where keys and values lie in the pages: in quads, of 4 numbers of one head at one position. A slot is page · 64 + position
// in the page. Keys [page][G][quads][64 positions], so that neighbours have neighbouring positions; values
// [page][G][64 positions][quads]. What fills the last quad of a head is zero.
override kv_heads: u32 = 1u;
override head_size: u32 = 4u; // d
override quads: u32 = (head_size + 3u) / 4u; // follows from d

const page_size = 64u;

// The quad of a key with numbers 4 · quad … 4 · quad + 3 of head g.
fn key_at(slot: u32, g: u32, quad: u32) -> u32 {
  return (((slot / page_size) * kv_heads + g) * quads + quad) * page_size + slot % page_size;
}

fn value_at(slot: u32, g: u32, quad: u32) -> u32 {
  return (((slot / page_size) * kv_heads + g) * page_size + slot % page_size) * quads + quad;
}
