// A variant's functions under their names in `kernels::Table`: two of one signature cannot change places.
// CK_VARIANT is the namespace they are in.
#define CK_ENTRY(name) .name = CK_VARIANT::name
CK_ENTRY(full_forward), CK_ENTRY(full_backward), CK_ENTRY(hashed_forward),
    CK_ENTRY(hashed_backward), CK_ENTRY(sparse_forward), CK_ENTRY(sparse_backward),
    CK_ENTRY(sample_bernoulli), CK_ENTRY(sample_fastrg), CK_ENTRY(graph_backward),
    .layers =
        {
            CK_ENTRY(feed_forward),     CK_ENTRY(feed_forward_backward),
            CK_ENTRY(norm_project),     CK_ENTRY(norm_project_backward),
            CK_ENTRY(project_residual), CK_ENTRY(project_residual_backward),
            CK_ENTRY(embedding_sum),    CK_ENTRY(embedding_sum_backward),
            CK_ENTRY(norm_pool),        CK_ENTRY(norm_pool_backward),
            CK_ENTRY(memberships),      CK_ENTRY(memberships_backward),
},
    .low_rank = {
        CK_ENTRY(segment_means),     CK_ENTRY(segment_means_backward),
        CK_ENTRY(landmark_weights),  CK_ENTRY(landmark_weights_backward),
        CK_ENTRY(inverse),           CK_ENTRY(inverse_backward),
        CK_ENTRY(convolve),          CK_ENTRY(convolve_backward),
        CK_ENTRY(feature_attention), CK_ENTRY(feature_attention_backward),
        CK_ENTRY(linear_attention),  CK_ENTRY(linear_attention_backward),
        CK_ENTRY(project_positions), CK_ENTRY(project_positions_backward),
},
#undef CK_ENTRY
