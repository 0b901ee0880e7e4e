import Diagnostics
import Foundation

/// One measured point of `sbm bench`, or of a script that prints the same keys.
public struct BenchmarkPoint: Sendable, Equatable {
  /// The mechanism, or the name of what was measured, with the model where that is not the LRA classifier and
  /// the program where that is not ours: `glue softmax (pytorch-2.13.0)`.
  public var kind: String
  /// `training` for an attention layer's training pass; nil for all else.
  public var pass: String?
  /// Sequence length in tokens.
  public var length: Int
  /// Sequences in a batch.
  public var batch: Int
  /// Median wall-clock milliseconds for one sequence; nil when it did not come to an end.
  public var millisecondsPerSequence: Double?
  /// Best wall-clock milliseconds for one sequence.
  public var bestMillisecondsPerSequence: Double?
  /// Largest resident memory, MB.
  public var peakMemoryMB: Double?
  /// Share of edges, 0 ... 1; nil for a mechanism without.
  public var density: Double?
  /// Why there is no result, such as `out of memory`.
  public var failure: String?

  /// The fastest step that is known, in milliseconds for one sequence.
  var fastest: Double? { bestMillisecondsPerSequence ?? millisecondsPerSequence }

  /// The kind and the pass.
  var name: String { kind + (pass.map { " \($0)" } ?? "") }

  /// A point.
  public init(
    kind: String, pass: String? = nil, length: Int, batch: Int, millisecondsPerSequence: Double?,
    bestMillisecondsPerSequence: Double? = nil, peakMemoryMB: Double? = nil,
    density: Double? = nil, failure: String? = nil
  ) {
    self.kind = kind
    self.pass = pass
    self.length = length
    self.batch = batch
    self.millisecondsPerSequence = millisecondsPerSequence
    self.bestMillisecondsPerSequence = bestMillisecondsPerSequence
    self.peakMemoryMB = peakMemoryMB
    self.density = density
    self.failure = failure
  }

  /// Reads a file of one JSON object a line.
  ///
  /// With `skipsOthers`, a file whose first line is no benchmark point gives none; otherwise
  /// throws `BenchmarkFileError` for any line that is not one.
  static func read(_ path: String, skipsOthers: Bool) throws -> [BenchmarkPoint] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw BenchmarkFileError(file: path, line: nil, problem: "cannot be read")
    }
    var points: [BenchmarkPoint] = []
    let lines = data.split(separator: 10, omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() where !line.allSatisfy({ $0 == 32 || $0 == 13 }) {
      do {
        points.append(try BenchmarkPoint(line: Data(line)))
      } catch let problem as LineProblem {
        if skipsOthers && points.isEmpty { return [] }
        throw BenchmarkFileError(file: path, line: index + 1, problem: problem.text)
      }
    }
    return points
  }

  private struct LineProblem: Error { let text: String }

  private init(line: Data) throws {
    guard let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any] else {
      throw LineProblem(text: "is not a JSON object")
    }
    func number(_ key: String) throws -> Double? {
      switch object[key] {
      case nil, is NSNull: return nil
      case let value as NSNumber: return value.doubleValue
      default: throw LineProblem(text: "'\(key)' is not a number")
      }
    }
    func required(_ key: String) throws -> Int {
      guard let value = try number(key), let whole = Int(exactly: value), whole > 0 else {
        throw LineProblem(text: "'\(key)' is not a positive whole number")
      }
      return whole
    }
    guard let kind = object["kind"] as? String else {
      throw LineProblem(text: "'kind' is missing: this is no point of a benchmark")
    }
    let model = (object["model"] as? String).map { "\($0) " } ?? ""
    let peer = (object["peer"] as? String).map { " (\($0))" } ?? ""
    self.init(
      kind: model + kind + peer, pass: object["pass"] as? String, length: try required("length"),
      batch: try required("batch"),
      millisecondsPerSequence: try number("ms_per_sequence"),
      bestMillisecondsPerSequence: try number("best_ms_per_sequence"),
      peakMemoryMB: try number("peak_rss_mb"), density: try number("density"),
      failure: object["error"] as? String)
  }
}

/// A benchmark file that cannot be used.
public struct BenchmarkFileError: Error, CustomStringConvertible, ExitCodeProviding {
  /// Path of the file.
  public let file: String
  /// The line at fault, from 1; nil for the whole file.
  public let line: Int?
  /// What is wrong.
  public let problem: String

  /// `file:line: problem`
  public var description: String {
    line.map { "\(file):\($0): \(problem)" } ?? "\(file): \(problem)"
  }

  /// Bad input data, or an input error for the whole file.
  public var exitCode: ExitCode { line == nil ? .inputOutput : .badInput }
}
