// The entries of a variant's function table, in the order of `kernels::Table`.
CK_VARIANT::full_forward,
CK_VARIANT::full_backward,
CK_VARIANT::sparse_forward,
CK_VARIANT::sparse_backward,
CK_VARIANT::sample_bernoulli,
CK_VARIANT::sample_fastrg,
CK_VARIANT::graph_backward,
