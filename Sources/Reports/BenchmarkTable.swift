import Presentation

/// The points of benchmark files as a table.
enum BenchmarkTable {
  static func table(_ points: [BenchmarkPoint]) -> Table {
    var table = Table(
      "Benchmarks",
      columns: [
        .init("kind", isNumeric: false), .init("length"), .init("batch"), .init("density, %"),
        .init("ms/sequence"), .init("best"), .init("peak memory, MB"),
      ])
    var last = ""
    for point in points {
      let failed = Table.Cell(point.failure ?? "no result", .warning)
      table.append(
        [
          Table.Cell(point.name), Table.Cell(Formatting.grouped(point.length)),
          Table.Cell("\(point.batch)"),
          Table.Cell(point.density.map { Formatting.percent($0) } ?? ""),
          point.millisecondsPerSequence.map { Table.Cell(Formatting.significant($0)) } ?? failed,
          Table.Cell(
            point.bestMillisecondsPerSequence.map(Formatting.significant) ?? "", .quiet),
          Table.Cell(point.peakMemoryMB.map(Formatting.significant) ?? ""),
        ], startsBlock: point.kind != last)
      last = point.kind
    }
    return table.withoutEmptyColumns()
  }
}
