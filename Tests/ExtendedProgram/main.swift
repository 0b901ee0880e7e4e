import Attention
import Commands
import ExampleMechanism

// `sbm` with one mechanism more.
AttentionRegistry.add(SegmentMeanAttention.self)
SBM.main()
