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

  /// Which tables a report shows.
  public enum Extent: Sendable {
    /// One table for all runs: results beside guessing, density, time, verdict.
    case summary
    /// Others' results only where a run is at the published settings, costs in one table with the results.
    case compact
    /// Everything.
    case full
  }

  /// All tables, those with the paper's values first; the states of runs where some have not finished.
  public var tables: [Table] { tables(.full) }

  /// The tables of an extent. A note that stands under one is not repeated under the next.
  public func tables(_ extent: Extent) -> [Table] {
    if extent == .summary, !groups.isEmpty { return [SummaryTable.table(groups)] }
    var tables = resultTables(extent)
    if groups.contains(where: { !$0.unfinished.isEmpty }) {
      tables.append(SweepTables.runs(groups))
    }
    if !benchmarks.isEmpty { tables.append(BenchmarkTable.table(benchmarks)) }
    return Self.withNotesOnce(tables)
  }

  private static func withNotesOnce(_ tables: [Table]) -> [Table] {
    var said: Set<String> = []
    return tables.map { table in
      var table = table
      table.notes = table.notes.filter { said.insert($0).inserted }
      return table
    }
  }

  /// The tables of a page; those of runs and benchmarks are folded below.
  func tablesOfPage(_ extent: Extent) -> [Table] {
    Self.withNotesOnce(resultTables(extent == .full ? .full : .compact))
  }

  /// All tables about runs.
  func resultTables(_ extent: Extent) -> [Table] {
    let compares = extent == .full || ComparisonTables.hasPublished(groups)
    let arena = groups.filter { ComparisonTables.arenaTasks.contains($0.labels.task) }
    let others = ComparisonTables.others(groups)
    var tables =
      [compares ? ComparisonTables.arena(groups) : nil, ComparisonTables.glue(groups)]
      .compactMap { $0 }
    tables += TaskTables.tables(extent == .compact && compares ? others : arena + others)
    tables += SweepTables.sweeps(groups, besideTasks: extent == .compact)
    if !groups.isEmpty, extent == .full || compares || others.count + arena.count < groups.count {
      tables.append(SweepTables.cost(groups))
    }
    return tables
  }

  /// The states of all runs, for a terminal.
  public var runsText: String { TextFormats.text(SweepTables.runs(groups)) }

  /// All groups as records.
  public var records: [Record] { Record.records(groups) }

  /// The report in a format; `warn` is told what had to be left out.
  ///
  /// `extent` is about tables; records are whole.
  public func render(
    _ format: Format, extent: Extent = .full, warn: @escaping (String) -> Void = { _ in }
  ) -> String {
    switch format {
    case .text: tables(extent).map { TextFormats.text($0) }.joined(separator: "\n")
    case .markdown: tables(extent).map(TextFormats.markdown).joined(separator: "\n")
    case .latex: tables(extent).map(TextFormats.latex).joined(separator: "\n")
    case .csv:
      ([Record.keys.joined(separator: ",")] + records.map(\.csv))
        .map { $0 + "\r\n" }.joined()
    case .json: records.map { $0.json + "\n" }.joined()
    case .html: HTMLPage(self, extent: extent, warn: warn).text
    }
  }
}
