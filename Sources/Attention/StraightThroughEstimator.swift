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

  /// The options `estimator` and `gradient_scale`.
  init(_ configuration: AttentionConfiguration) throws {
    rule = try configuration.choice("estimator", default: .published)
    gradientScale = try configuration.number("gradient_scale", default: 1)
    guard gradientScale > 0, gradientScale.isFinite else {
      throw AttentionError.option(
        kind: configuration.kind, name: "gradient_scale",
        problem: "expected a number above 0, got \(gradientScale)")
    }
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
