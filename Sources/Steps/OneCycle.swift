/// The one-cycle schedule of the published runs: PyTorch's `OneCycleLR` with linear annealing.
///
/// The learning rate rises from peak/25 to the peak over the warm-up and falls to peak/25/10⁴ at the
/// last step; AdamW's β₁ falls from 0.95 to 0.85 and rises back (the published code asks for 0.9, but
/// PyTorch's schedule overrides it).
public struct OneCycle: Sendable, Equatable {
  /// The highest learning rate.
  public var peak: Double
  /// Steps until the peak.
  public var warmupSteps: Int
  /// Steps of the whole run.
  public var totalSteps: Int
  /// peak / initial learning rate.
  public var initialDivisor = 25.0
  /// initial / final learning rate.
  public var finalDivisor = 1e4
  /// β₁ at the ends and at the peak.
  public var momentum = (outer: 0.95, peak: 0.85)

  /// A schedule of `totalSteps` steps.
  public init(peak: Double, warmupSteps: Int, totalSteps: Int) {
    self.peak = peak
    self.warmupSteps = warmupSteps
    self.totalSteps = totalSteps
  }

  /// Compares the settings.
  public static func == (a: OneCycle, b: OneCycle) -> Bool {
    a.peak == b.peak && a.warmupSteps == b.warmupSteps && a.totalSteps == b.totalSteps
      && a.initialDivisor == b.initialDivisor && a.finalDivisor == b.finalDivisor
      && a.momentum == b.momentum
  }

  /// Learning rate and β₁ for the step numbered from 0.
  public func callAsFunction(_ step: Int) -> (learningRate: Double, beta1: Double) {
    let initial = peak / initialDivisor
    let final = initial / finalDivisor
    // PyTorch counts phases in whole steps from 0: the peak is at warmupSteps - 1.
    let top = Double(warmupSteps) - 1
    let last = Double(totalSteps) - 1
    let position = Double(step)
    func between(_ start: Double, _ end: Double, _ fraction: Double) -> Double {
      (end - start) * fraction + start
    }
    if position <= top, top > 0 {
      let fraction = position / top
      return (
        between(initial, peak, fraction), between(momentum.outer, momentum.peak, fraction)
      )
    }
    let fraction = last > top ? min(1, (position - top) / (last - top)) : 1
    return (between(peak, final, fraction), between(momentum.peak, momentum.outer, fraction))
  }
}
