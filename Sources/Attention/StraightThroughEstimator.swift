import Settings
import Torch

/// How the loss's gradient passes a sampled mask M and reaches the edge probabilities P: dP =
/// hardtanh(c · (g + density term)) / c, with the gradient g at an edge of score s by one of two rules.
///
/// With attention weights A = softmax(s) over a query's edges, ∂L/∂sᵢⱼ = Aᵢⱼ (Gᵢⱼ − Σⱼ Aᵢⱼ Gᵢⱼ) for
/// G = ∂L/∂A. See <doc:StraightThrough>.
public struct StraightThroughEstimator: Sendable, Equatable {
  /// What g is.
  public enum Rule: String, CaseIterable, Sendable {
    /// The published code's: g = M ⊙ ∂L/∂s, as if M gated weights. It sums to 0 over a query's edges.
    case published
    /// The paper's: g = M ⊙ ∂L/∂s ⊙ s, as if M gated scores. It sums to ∂L/∂log τ, where τ
    /// multiplies the query's scores.
    case paper
  }

  /// What g is.
  public var rule: Rule
  /// c: gradients are cut off at ±1/c.
  public var gradientScale: Double

  /// A rule and a scale.
  public init(rule: Rule = .published, gradientScale: Double = 1) {
    (self.rule, self.gradientScale) = (rule, gradientScale)
  }

  static let ruleOption = Option<Rule>.choice(
    "estimator", .published, .publishedCode, joinedLater: true,
    help:
      "The gradient g of an edge's probability: dL/ds of its score s, as in the published code, or"
      + " s * dL/ds, as the paper states it. At gradient_scale 1"
      + " only the second lets attention grow dense.")
  static let scaleOption = Option.number(
    "gradient_scale", 1e-9...1e12, 1, .ours, joinedLater: true,
    help: "c: the gradient passes as hardtanh(c * (g + density term)) / c, g of the loss over the"
      + " whole batch. 1 hardly ever clips. The published loop, in mixed precision, has its gradient"
      + " scaler's 65,536 here at first; what that does depends on batch * targets, over which the"
      + " mean loss divides g: gradients above 1/c are cut.")

  /// The options `estimator` and `gradient_scale`.
  init(_ configuration: AttentionConfiguration) throws {
    rule = try configuration[Self.ruleOption]
    gradientScale = try configuration[Self.scaleOption]
  }

  /// `mask` going forward, dP for `probability` going backward.
  func callAsFunction(_ probability: Tensor, mask: Tensor) -> Tensor {
    straightThrough(probability, mask: mask, gradientScale: gradientScale)
  }

  /// Factors of scores, if any, and of weights, with which attention sees the sample `mask` only and the
  /// mask's gradient is g.
  func gates(_ mask: Tensor) -> (scores: Tensor?, weights: Tensor) {
    switch rule {
    case .published: return (nil, mask)
    case .paper:
      let sample = mask.detached()
      // 1 everywhere, so that scores stay as they are; the mask's gradient with that.
      return (mask + (1 - sample), sample)
    }
  }
}
