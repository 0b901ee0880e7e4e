import Attention
import Commands
import Datasets
import ExampleDataset
import ExampleMechanism

// `sbm` with one mechanism and one data set more.
AttentionRegistry.add(SegmentMeanAttention.self)
DatasetEntry.add(.majority)
SBM.main()
