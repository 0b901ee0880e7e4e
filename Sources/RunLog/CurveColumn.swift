extension RunLog {
  /// A curve of a run.
  enum Curve {
    /// A row for each logged step.
    case train
    /// A row for each evaluation on the dev split.
    case dev
  }

  /// A number that the rows of curves have, besides step, examples and metrics; its raw value is its name in
  /// the file.
  ///
  /// A new one is a line here. It is written where a row has a value, and NaN where none has; logs of before
  /// are read as having none.
  public enum CurveColumn: String, CaseIterable, Sendable {
    /// Mean loss (of the step's batch, or of the dev split).
    case loss
    /// The step's learning rate.
    case learningRate = "learning_rate"
    /// Mean edge density of a mechanism that has one.
    case density
    /// Wall-clock seconds of work since the run began, without the time it lay interrupted.
    case seconds

    /// Whether every log has it, also where no row has a value.
    func isAlways(in curve: Curve) -> Bool {
      switch self {
      case .loss, .density, .seconds: true
      case .learningRate: curve == .train
      }
    }

    /// Whether every log of the same run has it equal to the bit.
    var isComputed: Bool { self != .seconds }

    /// The values that a run can have.
    var plausible: Plausible {
      switch self {
      case .loss: .loss
      case .density: .density
      case .learningRate, .seconds: .anything
      }
    }
  }
}

extension RunLog.Series {
  /// What the file has of a curve, by its names in the curve's group.
  static func fields(_ curve: RunLog.Curve) -> [LogField<Self>] {
    let columns = RunLog.CurveColumn.allCases.map { column($0, curve) }
    let metrics: LogField<Self> = .metrics(
      \.metrics, read: { try $0.column($1, $2.count) }, check: { $0 })
    return [steps, columns[0], metrics] + columns[1...] + [examples]
  }

  private static let steps = LogField<Self>(
    paths: ["/step"],
    entries: { [LogEntry(path: "/step", content: LogValues($0.steps))] },
    read: { reader, series in
      series.steps = try reader.values("/step")
      for (previous, next) in zip(series.steps, series.steps.dropFirst()) where next <= previous {
        throw reader.problem("/step", "steps must increase; \(next) follows \(previous)")
      }
    })

  private static let examples = LogField<Self>(
    paths: ["/examples"],
    entries: { [LogEntry(path: "/examples", content: LogValues($0.examples))] },
    read: { $1.examples = try $0.column("/examples", $1.count) })

  private static func column(
    _ column: RunLog.CurveColumn, _ curve: RunLog.Curve
  ) -> LogField<Self> {
    let path = "/\(column.rawValue)"
    return LogField<Self>(
      paths: [path], isComputed: column.isComputed,
      entries: { series in
        guard column.isAlways(in: curve) || series.has(column) else { return [] }
        return [LogEntry(path: path, content: LogValues(series[column]))]
      },
      read: { reader, series in
        let isThere = try column.isAlways(in: curve) || reader.exists(path)
        series[column] =
          isThere
          ? try reader.column(path, series.count)
          : Array(repeating: .nan, count: series.count)
      }
    ).checked({ $0[column] }, column.plausible)
  }
}
