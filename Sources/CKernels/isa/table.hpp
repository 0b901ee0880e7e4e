// The entries of a variant's function table, in the order of `kernels::Table`.
CK_VARIANT::full_forward,
CK_VARIANT::full_backward,
