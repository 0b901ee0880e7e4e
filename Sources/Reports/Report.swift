import Presentation

/// Logs and benchmarks as tables, records or a page.
public struct Report: Sendable {
  /// The ways a report can be written.
  public enum Format: String, Sendable, CaseIterable {
    /// Aligned tables for a terminal.
    case text
    /// Tables of GitHub's markdown.
    case markdown
    /// One row for each group of runs, RFC 4180, with a header.
    case csv
    /// Tables that need the package `booktabs`.
    case latex
    /// One object a line for each group of runs.
    case json
    /// One page with tables and figures that needs nothing beside it.
    case html
  }

  /// The runs, sorted to groups that differ in the seed only.
  public let groups: [RunGroup]
  /// Points of benchmarks.
  public let benchmarks: [BenchmarkPoint]
  let problems: [String]

  /// A report about what was found.
  public init(_ input: ReportInput) {
    groups = [RunGroup](input.runs)
    benchmarks = input.benchmarks
    problems = input.problems
  }

  /// All tables, those with the paper's values first; the states of runs where some have not finished.
  public var tables: [Table] {
    var tables = resultTables
    if groups.contains(where: { !$0.unfinished.isEmpty }) {
      tables.append(SweepTables.runs(groups))
    }
    if !benchmarks.isEmpty { tables.append(BenchmarkTable.table(benchmarks)) }
    return tables
  }

  /// All tables about runs.
  var resultTables: [Table] {
    let comparisons = [
      ComparisonTables.arena(groups), ComparisonTables.glue(groups),
      ComparisonTables.repeats(groups), ComparisonTables.others(groups),
    ]
    var tables = comparisons.compactMap { $0 } + SweepTables.sweeps(groups)
    if !groups.isEmpty { tables.append(SweepTables.cost(groups)) }
    return tables
  }

  /// All groups as records.
  public var records: [Record] { Record.records(groups) }

  /// The report in a format; `warn` is told what had to be left out.
  public func render(_ format: Format, warn: @escaping (String) -> Void = { _ in })
    -> String
  {
    switch format {
    case .text: tables.map(TextFormats.text).joined(separator: "\n")
    case .markdown: tables.map(TextFormats.markdown).joined(separator: "\n")
    case .latex: tables.map(TextFormats.latex).joined(separator: "\n")
    case .csv:
      ([Record.keys.joined(separator: ",")] + records.map(\.csv))
        .map { $0 + "\r\n" }.joined()
    case .json: records.map { $0.json + "\n" }.joined()
    case .html: HTMLPage(self, warn: warn).text
    }
  }
}
