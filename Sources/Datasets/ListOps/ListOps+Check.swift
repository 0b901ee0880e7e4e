import DataFiles
import Tasks

extension ListOps {
  /// Evaluates every expression anew and looks at its form.
  ///
  /// Tables that do not parse are left out: reading them, which every check does, has said so.
  ///
  /// - Throws: `DataError` when the system fails.
  func check() throws -> [DataFinding] {
    try task.splits.flatMap { split in
      do {
        return try check(split)
      } catch let error as DataError where error.kind != .inputOutput {
        return []
      }
    }
  }

  private func check(_ split: Split) throws -> [DataFinding] {
    let shape = generated?.shape ?? .init()
    let lengths = shape.lengthAbove + 1...shape.lengthBelow - 1
    var table = try ListOpsTable(url(split))
    var wrong = Tally()
    var malformed = Tally()
    var unusual = Tally()
    while let row = try table.next() {
      do {
        if try row.expression.value() != row.target { wrong.add(row.line) }
      } catch {
        malformed.add(row.line)
      }
      if !lengths.contains(row.expression.tokens.count) { unusual.add(row.line) }
    }
    let subject = Self.fileName(split)
    return [
      wrong.finding(.defect, "labels", subject, "all equal the expression's value"),
      malformed.finding(.defect, "expressions", subject, "all are well formed"),
      unusual.finding(
        .warning, "lengths", subject,
        "all have \(lengths.lowerBound) to \(lengths.upperBound) symbols"),
    ]
  }

  /// Rows with something amiss.
  private struct Tally {
    private var count = 0
    private var firstLine = 0

    mutating func add(_ line: Int) {
      if count == 0 { firstLine = line }
      count += 1
    }

    func finding(
      _ severity: DataFinding.Severity, _ check: String, _ subject: String, _ good: String
    ) -> DataFinding {
      count == 0
        ? DataFinding(.ok, check: check, subject: subject, detail: good)
        : DataFinding(
          severity, check: check, subject: subject,
          detail: "\(count) rows are not so, the first on line \(firstLine) (wanted: \(good))")
    }
  }
}
