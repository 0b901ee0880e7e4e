import Attention
import Datasets
import Experiments
import Models

extension RunConfiguration {
  /// What a forward pass of the run's `model` over one example (or pair) costs: at the padded length,
  /// whatever real examples are shorter by, and, for a mechanism that samples, at `density`.
  ///
  /// - Parameter density: 0 ... 1; without one (or if it is no number) the density that the mechanism is
  ///   set to begin with.
  public func cost(of model: SequenceModel, density: Double? = nil) -> Cost {
    let measured = density.flatMap { $0.isNaN ? nil : $0 }
    let places: Int? =
      model.configuration.head == .maskedLanguageModel
      ? max(1, Int((Double(data.paddedLength) * TokenMasking.rate).rounded())) : nil
    return model.cost(
      length: data.paddedLength, density: measured ?? initialDensity ?? 1, places: places)
  }

  /// The density that a mechanism that samples is set to begin with; nil for the others.
  public var initialDensity: Double? { attention.options["initial_density"]?.number }
}
