import DataFiles
import Tasks

/// Checks a task's published files by reading all of them.
///
/// Finds what every data set can have wrong: rows that do not parse, missing or surplus rows,
/// classes that never occur, empty entries, entries that occur twice or in two splits. What one
/// data set alone can have wrong, its ``DatasetEntry/check`` finds.
public struct DataCheck {
  private let entry: DatasetEntry
  private let data: DataRoot
  private let options: SourceOptions

  /// A check of `entry` below `data`.
  public init(_ entry: DatasetEntry, in data: DataRoot, options: SourceOptions = SourceOptions()) {
    self.entry = entry
    self.data = data
    self.options = options
  }

  /// All findings, in the order in which they were made.
  ///
  /// What is wrong with the data is a finding of severity `defect`, not an error.
  ///
  /// - Throws: `DataError` of kind `inputOutput` when the system fails.
  public func run(progress: DataProgress.Handler? = nil) throws -> [DataFinding] {
    var findings: [DataFinding] = []
    do {
      let source = try entry.source(data, options)
      let files = try source.fingerprint().files
      findings.append(
        DataFinding(
          .ok, check: "layout",
          detail: files.isEmpty
            ? "generated when needed" : "\(files.count) files or folders are where they belong"))
      var readings: [(split: Split, reading: SplitReading)] = []
      for split in source.task.splits {
        do {
          let reading = try read(split, source, progress)
          findings += reading.findings(split, source.task)
          readings.append((split, reading))
        } catch let error as DataError {
          findings.append(try defect(error, "rows", split.rawValue))
        }
      }
      findings += overlaps(readings)
      findings += try entry.check(data, options)
    } catch let error as DataError {
      findings.append(try defect(error, "layout"))
    }
    return findings
  }

  private func defect(
    _ error: DataError, _ check: String, _ subject: String = ""
  ) throws -> DataFinding {
    guard error.kind != .inputOutput else { throw error }
    return DataFinding(.defect, check: check, subject: subject, detail: error.description)
  }

  private func read(
    _ split: Split, _ source: some DatasetSource, _ progress: DataProgress.Handler?
  ) throws -> SplitReading {
    var reading = SplitReading()
    let total = source.task.expectedCount(split)
    try source.forEachExample(of: split) { example in
      reading.add(example, maximumLength: source.task.maximumLength)
      if reading.count % 1000 == 0 {
        progress?(
          DataProgress(phase: "\(source.task.name) \(split)", done: reading.count, total: total))
      }
    }
    return reading
  }

  /// Entries that occur in two splits.
  private func overlaps(
    _ readings: [(split: Split, reading: SplitReading)]
  ) -> [DataFinding] {
    readings.indices.flatMap { second in
      (0..<second).map { first in
        let (a, b) = (readings[first], readings[second])
        let subject = "\(a.split), \(b.split)"
        let shared = a.reading.seen.intersection(b.reading.seen).count
        if shared == a.reading.seen.count && shared == b.reading.seen.count && shared > 0 {
          return DataFinding(
            options.dataProtocol == .published ? .warning : .defect, check: "duplicates",
            subject: subject, detail: "the two splits are the same")
        }
        let severity: DataFinding.Severity =
          shared == 0 ? .ok : entry.splitsAreDisjoint ? .defect : .warning
        return DataFinding(
          severity, check: "duplicates", subject: subject,
          detail: shared == 0 ? "no entry is in both" : "\(shared) entries are in both")
      }
    }
  }
}

/// What reading a split has shown.
private struct SplitReading {
  var count = 0
  var seen: Set<Fingerprint> = []
  private var empty = 0
  private var full = 0
  private var tokens = 0
  private var shortest = Int.max
  private var longest = 0
  private var unlabelled = 0
  private var classes: [Int32: Int] = [:]

  mutating func add(_ example: Example, maximumLength: Int) {
    count += 1
    seen.insert(Fingerprint(example))
    let lengths =
      example.secondTokens == nil
      ? [example.tokens.count] : [example.tokens.count, example.lengths.second]
    for length in lengths {
      if length == 0 { empty += 1 }
      if length >= maximumLength { full += 1 }
      tokens += length
      shortest = min(shortest, length)
      longest = max(longest, length)
    }
    switch example.label {
    case .none: unlabelled += 1
    case .classIndex(let index): classes[index, default: 0] += 1
    case .value: break
    case .tokenClasses(let labels): for label in labels { classes[label, default: 0] += 1 }
    }
  }

  func findings(_ split: Split, _ task: TaskSpecification) -> [DataFinding] {
    [
      counts(split, task), lengths(split, task), balance(split, task),
      DataFinding(
        empty == 0 ? .ok : .defect, check: "empty entries", subject: split.rawValue,
        detail: empty == 0 ? "none" : "\(empty) texts have no tokens"),
      DataFinding(
        seen.count == count ? .ok : .warning, check: "duplicates", subject: split.rawValue,
        detail: seen.count == count ? "no entry twice" : "\(count - seen.count) entries repeat"),
    ]
  }

  private func counts(_ split: Split, _ task: TaskSpecification) -> DataFinding {
    let expected = task.expectedCount(split)
    guard let expected, expected != count else {
      return DataFinding(
        count > 0 ? .ok : .defect, check: "rows", subject: split.rawValue, detail: "\(count)")
    }
    return DataFinding(
      .defect, check: "rows", subject: split.rawValue, detail: "\(count), should be \(expected)")
  }

  private func lengths(_ split: Split, _ task: TaskSpecification) -> DataFinding {
    var detail = "no tokens"
    if count > 0 {
      detail = "\(shortest) to \(longest) tokens, \(tokens / count) an entry"
      if full > 0 && shortest < longest {
        detail += ", \(full) texts fill or exceed \(task.maximumLength)"
      }
    }
    return DataFinding(.ok, check: "lengths", subject: split.rawValue, detail: detail)
  }

  private func balance(_ split: Split, _ task: TaskSpecification) -> DataFinding {
    func finding(_ severity: DataFinding.Severity, _ detail: String) -> DataFinding {
      DataFinding(severity, check: "label balance", subject: split.rawValue, detail: detail)
    }
    let isLabelled = task.expectedCounts.first { $0.split == split }?.isLabelled ?? true
    switch task.output {
    case .vocabulary: return finding(.ok, "labels are the tokens themselves")
    case _ where !isLabelled: return finding(.ok, "published without labels")
    case .regression:
      return finding(
        unlabelled == 0 ? .ok : .defect,
        unlabelled == 0 ? "real numbers" : "\(unlabelled) entries have no label")
    case .classes(let number), .tokenClasses(let number):
      let total = max(classes.values.reduce(0, +), 1)
      let shares = (0..<Int32(number)).map { index in
        let tenths = (classes[index, default: 0] * 1000 + total / 2) / total
        return "\(index): \(tenths / 10).\(tenths % 10) %"
      }
      let absent = (0..<Int32(number)).filter { classes[$0] == nil }
      // A handful of entries may lack a class by chance.
      let isDefect = unlabelled > 0 || (!absent.isEmpty && total >= 20 * number)
      return finding(isDefect ? .defect : .ok, shares.joined(separator: ", "))
    }
  }
}

/// 128 bits that tell entries apart: two independent 64-bit hashes.
///
/// Among 10⁵ entries two different ones agree with probability 10⁻²⁹.
struct Fingerprint: Hashable {
  private var first: UInt64 = 0xCBF2_9CE4_8422_2325
  private var second: UInt64 = 0x9E37_79B9_7F4A_7C15

  /// The fingerprint of `tokens`.
  init(_ tokens: some Sequence<UInt8>) {
    for token in tokens { add(UInt64(token)) }
  }

  /// The fingerprint of an example's texts; labels do not count.
  init(_ example: Example) {
    for token in example.tokens { add(UInt64(token)) }
    guard let secondTokens = example.secondTokens else { return }
    add(1 << 32)
    for token in secondTokens { add(UInt64(token)) }
  }

  private mutating func add(_ token: UInt64) {
    first = (first ^ token) &* 0x0000_0100_0000_01B3
    second = (second &+ token &+ 1) &* 0xBF58_476D_1CE4_E5B9
    second ^= second >> 31
  }
}
