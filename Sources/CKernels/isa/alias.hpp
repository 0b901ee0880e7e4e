// The alias method (Walker 1977): a table from which an index is drawn with given probabilities by
// one look-up. Built by one sweep over light and heavy entries (Hübschle-Schneider & Sanders 2019),
// a few operations an entry.

struct AliasTable {
  float *accept;    // keep slot j when a uniform number is below accept[j] ...
  int32_t *other;   // ... and take other[j] otherwise
  int32_t *light, *heavy;
};

static AliasTable alias_table(int size, Arena &arena) {
  const size_t room = size_t(size) + 2;
  return {arena.take(room), arena.take<int32_t>(room), arena.take<int32_t>(room),
          arena.take<int32_t>(room)};
}

// `weight` becomes the weights scaled to mean 1. `total` is their sum, above 0.
static void build_alias(const AliasTable &table, float *weight, int size, float total) {
  const float factor = float(size) / total;
  int lights = 0, heavies = 0;
  for (int j = 0; j < size; ++j) {
    const float w = weight[j] *= factor;
    table.accept[j] = 1;
    table.other[j] = j;
    table.light[lights] = j;
    table.heavy[heavies] = j;
    lights += w <= 1;
    heavies += w > 1;
  }
  if (heavies == 0 || lights == 0) return;
  // The heavy entry at hand gives to light ones until it has become light itself; then the next
  // heavy one fills it up. Each turn completes one slot.
  int l = 0, h = 0;
  float rest = weight[table.heavy[0]];
  for (;;) {
    const bool gives = rest > 1;
    if (gives ? l == lights : h + 1 == heavies) break;
    const int slot = gives ? table.light[l] : table.heavy[h];
    const int donor = table.heavy[h + !gives];
    const float own = gives ? weight[slot] : rest;
    table.accept[slot] = own;
    table.other[slot] = donor;
    rest = gives ? rest + own - 1 : rest + weight[donor] - 1;
    l += gives;
    h += !gives;
  }
}
