// Copies into the layouts the tile products read: rows padded with zeros to whole vectors, and
// transposed tiles.

constexpr int KEY_TILE = 128;

CK_INLINE int round_up(int x, int multiple) { return (x + multiple - 1) / multiple * multiple; }

// to[r][0 .. padded) = factor * from[r], zeros right of `dim` and below `rows` up to `padded_rows`.
static void pack_rows(Input from, int rows, int padded_rows, int dim, int padded, float factor,
                      float *to) {
  for (int r = 0; r < padded_rows; ++r, to += padded) {
    int c = 0;
    if (r < rows) {
      const float *source = from.data + r * from.row;
      for (; c + WIDTH <= dim; c += WIDTH) store(to + c, load(source + c) * factor);
      for (; c < dim; ++c) to[c] = source[c] * factor;
    }
    for (; c < padded; ++c) to[c] = 0;
  }
}

// Tiles of KEY_TILE rows, each transposed: to[tile][c][r], zeros where there is no row.
static void pack_transposed(Input from, int rows, int dim, float *to) {
  for (int start = 0; start < rows; start += KEY_TILE) {
    const int count = rows - start < KEY_TILE ? rows - start : KEY_TILE;
    const float *source = from.data + start * from.row;
    for (int c = 0; c < dim; ++c, to += KEY_TILE) {
      int r = 0;
      for (; r < count; ++r) to[r] = source[r * from.row + c];
      for (; r < KEY_TILE; ++r) to[r] = 0;
    }
  }
}

static void unpack_rows(const float *from, int rows, int dim, int padded, Output to) {
  for (int r = 0; r < rows; ++r, from += padded) {
    float *target = to.data + r * to.row;
    int c = 0;
    for (; c + WIDTH <= dim; c += WIDTH) store(target + c, load(from + c));
    for (; c < dim; ++c) target[c] = from[c];
  }
}

CK_INLINE void fill(float *to, int64_t count, float value) {
  for (int64_t i = 0; i < count; ++i) to[i] = value;
}
