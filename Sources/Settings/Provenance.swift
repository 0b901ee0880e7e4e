/// Where a value was first chosen.
public enum Provenance: String, Sendable, CaseIterable {
  /// The paper, *Transformers meet Stochastic Block Models* (NeurIPS 2022).
  case paper
  /// The paper's published code.
  case publishedCode = "published code"
  /// The benchmark that defines the task, or the paper that defines the mechanism.
  case benchmark
  /// This harness, or the author of the experiment file.
  case ours
}
