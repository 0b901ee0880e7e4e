import Experiments

/// One of several parts of a sweep: the runs that one job of an array trains.
///
/// What falls to a part depends on the runs and their settings alone, not on what is there of them, so that
/// parts that start at any time, again and again, on machines that see each other's files late or have
/// no locks, never write the same file.
public struct SweepPart: Sendable, Equatable, CustomStringConvertible {
  /// Which part, from 1.
  public let number: Int
  /// How many parts there are.
  public let count: Int

  /// Part `number` of `count`; nil if there is no such part.
  public init?(_ number: Int, of count: Int) {
    guard count >= 1, (1...count).contains(number) else { return nil }
    (self.number, self.count) = (number, count)
  }

  /// `2/8`.
  public var description: String { "\(number)/\(count)" }

  /// The part's share of `runs`, in their order.
  ///
  /// - Parameter costs: by `RunConfiguration.rehearsalKey`; those that are not there are put there.
  /// - Throws: `AttentionError` when a mechanism's sizes or options do not fit.
  func runs(
    of runs: [RunConfiguration], costs: inout [String: RunCost]
  ) throws -> [RunConfiguration] {
    let work = try runs.map { run in
      if costs[run.rehearsalKey] == nil { costs[run.rehearsalKey] = try RunCost(run) }
      let flops = costs[run.rehearsalKey]?.flops ?? 1
      return flops * Double(run.training.batch * run.training.steps)
    }
    let parts = Self.parts(of: work, count)
    return runs.indices.filter { parts[$0] == number }.map { runs[$0] }
  }

  /// Which of `count` parts each item goes to, from 1: the costliest first, each to the part that has least
  /// to do so far, the first among equals. No part costs more than 4/3 of what it must (Graham 1969).
  package static func parts(of costs: [Double], _ count: Int) -> [Int] {
    var loads = [Double](repeating: 0, count: count)
    var parts = [Int](repeating: 0, count: costs.count)
    let order = costs.indices.sorted { (-costs[$0], $0) < (-costs[$1], $1) }
    for item in order {
      let part = loads.indices.min { (loads[$0], $0) < (loads[$1], $1) }!
      loads[part] += costs[item]
      parts[item] = part + 1
    }
    return parts
  }
}
