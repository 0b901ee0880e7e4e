import Foundation

/// How fast counted work goes, and so how long the rest takes.
public struct Pace: Sendable {
  private let first: Int
  private let begin: ContinuousClock.Instant

  /// The work that begins now, with `count` done before.
  public init(from count: Int = 0, now: ContinuousClock.Instant = .now) {
    first = count
    begin = now
  }

  /// `0:20:11 left`, once something has been done.
  public func left(_ count: Int, of total: Int, now: ContinuousClock.Instant = .now) -> String? {
    guard count > first, count < total else { return nil }
    let rest = (now - begin) * (Double(total - count) / Double(count - first))
    return rest.formatted(.time(pattern: .hourMinuteSecond)) + " left"
  }
}
