/// How long a run's remaining work takes on this machine, and how that is known.
public struct WorkEstimate: Sendable, Equatable {
  /// How it is known, the surest first.
  public enum Source: String, Sendable, CaseIterable {
    /// Its own steps so far.
    case log = "its log"
    /// A run of the same model, data and batch that was trained here.
    case similarLog = "a log"
    /// A part of a step that was tried.
    case measured
    /// The FLOPs of runs that are known.
    case flops = "FLOPs"
  }

  /// Seconds of work that are left.
  public var seconds: Double
  /// How they are known.
  public var source: Source

  /// An estimate.
  public init(seconds: Double, source: Source) {
    self.seconds = seconds
    self.source = source
  }

  /// What a plan may take before somebody should be told, in seconds: two days.
  public static let longPlan = 2 * 86400.0
}
