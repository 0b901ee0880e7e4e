import DataFiles
import Foundation
import RunLog

/// A run's curves, densities and test result as TensorBoard's event files, one folder a split.
///
/// `<folder>/<run>/train`, `…/dev` and `…/test` share their tags, so that TensorBoard draws them into one
/// chart: `loss`, each metric, `learning_rate`, `density`, and `density/layer1.head1` for each head. Where a task's
/// test has no labels there is `…/dev-best` instead of `…/test`: the best parameters on dev. Metrics and densities
/// are fractions, as in the log. Times are those at which the run was there.
public struct TensorBoardExport {
  private let log: RunLog

  /// What `log` has.
  public init(_ log: RunLog) { self.log = log }

  /// Writes the files below `folder`, the run's own, in place of those of an earlier export, also of one before the
  /// run was begun again.
  ///
  /// - Throws: `DataError` when they cannot be written; ``ExportError/nothingLogged(run:)``.
  public func write(to folder: URL) throws {
    let files = files
    guard !files.isEmpty else { throw ExportError.nothingLogged(run: log.labels.runID) }
    let name = "events.out.tfevents.\(Int(start)).\(Self.suffix)"
    for (split, file) in files {
      let writer = try FileWriter(folder.appendingPathComponent("\(split)/\(name)"))
      try writer.write(file.bytes)
      try writer.commit()
    }
    let written = Set(files.map { "\($0.split)/\(name)" })
    // TensorBoard would draw what is left of an earlier export into the same curve.
    for path in Self.eventFiles(folder) where !written.contains(path) {
      try? FileManager.default.removeItem(at: folder.appendingPathComponent(path))
    }
  }

  /// What the names of this program's event files end with.
  private static let suffix = "sbm"

  /// This program's event files of each split, below a run's folder.
  private static func eventFiles(_ folder: URL) -> [String] {
    ["train", "dev", "test", "dev-best"].flatMap { split -> [String] in
      let path = folder.appendingPathComponent(split).path
      let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
      return names.filter { $0.hasPrefix("events.out.tfevents.") && $0.hasSuffix(".\(suffix)") }
        .map { "\(split)/\($0)" }
    }
  }

  /// The files by split.
  package var files: [(split: String, file: EventFile)] {
    var files: [(String, EventFile)] = []
    if log.train.count > 0 {
      var file = file(of: log.train)
      file.append(
        text: "```yaml\n\(log.configuration)```\n", tag: "configuration", step: 0, time: start)
      files.append(("train", file))
    }
    if log.dev.count > 0 {
      var file = file(of: log.dev)
      appendHeads(to: &file)
      files.append(("dev", file))
    }
    if let test = log.test {
      files.append((log.testedSplit == .dev ? "dev-best" : "test", file(of: test)))
    }
    return files
  }

  /// Seconds since 1970 at which the run began.
  private var start: Double {
    (try? Date(log.environment.created, strategy: .iso8601))?.timeIntervalSince1970 ?? 0
  }

  private func file(of series: RunLog.Series) -> EventFile {
    var file = EventFile(time: start)
    var curves = [("loss", series.losses)]
    curves += series.metrics.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    curves += [("learning_rate", series.learningRates), ("density", series.densities)]
    for row in 0..<series.count {
      for (tag, values) in curves where !values[row].isNaN || tag == "loss" {
        file.append(
          values[row], tag: tag, step: series.steps[row], time: start + series.seconds[row])
      }
    }
    return file
  }

  private func appendHeads(to file: inout EventFile) {
    for layer in 0..<log.density.layers {
      for head in 0..<log.density.heads {
        let tag = "density/layer\(layer + 1).head\(head + 1)"
        for (row, value) in log.density.curve(layer: layer, head: head).enumerated() {
          file.append(
            value, tag: tag, step: log.dev.steps[row], time: start + log.dev.seconds[row])
        }
      }
    }
  }

  private func file(of test: RunLog.TestResult) -> EventFile {
    let time = start + (log.dev.seconds.last ?? 0)
    var file = EventFile(time: start)
    var values = [("loss", test.loss)]
    values += test.metrics.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    if let density = test.density { values.append(("density", density)) }
    for (tag, value) in values { file.append(value, tag: tag, step: test.step, time: time) }
    return file
  }
}
