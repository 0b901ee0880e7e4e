// The inside of `ck_edges`: the graphs of a batch.
#pragma once
#include "attention_common.hpp"

namespace kernels {

/// Edges: row i's columns are column[start[i] .. start[i + 1]), ascending.
struct EdgeTable {
  std::vector<uint32_t> start;
  at::Tensor column;  // int32, with 16 entries to spare past the last edge

  const int32_t *columns() const { return ctorch::elements<int32_t>(column); }
  int64_t count() const { return start.empty() ? 0 : start.back(); }
  EdgeRows rows() const { return start.empty() ? EdgeRows{} : EdgeRows{start.data(), columns()}; }
};

/// One graph. A sampled graph keeps its edges to padding apart: they count for the density, but
/// nothing is attended there. A pattern's are all in `seen`.
struct Graph {
  EdgeTable seen, hidden;

  int64_t count() const { return seen.count() + hidden.count(); }
};

/// The same edges as groups of keys, where a graph consists of nothing else; see `KeyGroups`.
struct GroupTable {
  std::vector<uint32_t> start;
  std::vector<int32_t> group;

  KeyGroups groups() const {
    return start.empty() ? KeyGroups{} : KeyGroups{start.data(), group.data()};
  }
};

/// One graph for each example and head, or a single one for all.
struct Graphs : torch::CustomClassHolder {
  int64_t n = 0, batch = 1, heads = 1;
  bool shared = false;
  std::vector<Graph> all;
  GroupTable groups;  // of a single graph, if it has them

  const Graph &of(int64_t example, int64_t head) const {
    return all[size_t(shared ? 0 : example * heads + head)];
  }
};

/// Columns with room to spare, copied from `columns`.
at::Tensor owned_columns(const int32_t *columns, int64_t count);

}  // namespace kernels

struct ck_edges {
  c10::intrusive_ptr<kernels::Graphs> graphs;
};
