import DataFiles
import Datasets
import Foundation
import Presentation
import RunLog
import Tasks
import Training

/// What a run's test predicted, as CSV: a row an example, or a row a token where each token has an answer.
///
/// Columns: `example` (its number in the split, as `sbm inspect --example` takes it), for tokens `place`
/// (from 0) and `token`; `prediction` and `label`; for classes `correct` (1 or 0), with
/// `prediction_name` and `label_name` where the classes have names; `text`, and `second_text` of
/// pairs, as the model reads them: cut, and in pieces that are joined again; if asked for, `tokens`, `types` (where
/// the model has segments) and `second_tokens`, the numbers that the model is given.
public struct PredictionsExport {
  private let log: RunLog
  private let test: RunLog.TestResult
  private let data: TaskData?
  private let examples: [Int]
  private let text: TokenText?
  private let hasTokens: Bool

  /// The predictions in `log`.
  ///
  /// - Parameters:
  ///   - data: the run's data, for texts and names of classes; without it there are numbers alone.
  ///   - tokens: whether rows have the model's input as numbers.
  /// - Throws: ``ExportError`` when there are none, `DataError` when a vocabulary cannot be read.
  public init(_ log: RunLog, data: TaskData?, tokens: Bool = false) throws {
    let run = log.labels.runID
    guard let test = log.test else { throw ExportError.notTested(run: run) }
    self.log = log
    self.test = test
    self.data = data
    text = try data?.text()
    hasTokens = tokens
    if let indices = test.exampleIndices {
      examples = indices
    } else {
      // Logs of before the numbers were kept: known where every example was tested, one answer each.
      guard let data, data.count(data.testSplit) == test.targets else {
        throw ExportError.noExampleNumbers(run: run)
      }
      examples = Array(0..<test.targets)
    }
  }

  /// Writes the file.
  ///
  /// - Throws: `DataError` when it cannot be written, or examples cannot be read.
  public func write(to url: URL) throws {
    let writer = try FileWriter(url)
    try writer.write(CSV.line(header.map(CSV.Field.text)).utf8)
    var row = 0
    while row < examples.count {
      // The targets of one example stand together.
      let end = examples[row...].firstIndex { $0 != examples[row] } ?? examples.count
      let example = try data.map { try $0.example(examples[row], of: $0.testSplit) }
      for fields in rows(row..<end, of: example) { try writer.write(CSV.line(fields).utf8) }
      row = end
    }
    try writer.commit()
  }

  private var task: TaskSpecification? { data?.task }

  /// Whether each token has an answer.
  private var isTokenTask: Bool {
    switch task?.output {
    case .tokenClasses, .vocabulary: true
    default: false
    }
  }

  private var isRegression: Bool {
    if case .values = test.answers { true } else { false }
  }

  private var hasClassNames: Bool { !isRegression && text?.hasClassNames == true }

  /// Whether rows have a text for a person: not those of images, nor those of single tokens.
  private var hasTexts: Bool {
    guard let task else { return false }
    return task.imageSide == nil && !isTokenTask
  }

  private var isPair: Bool { task?.input == .pair }

  private var hasTypes: Bool { task.map { $0.typeCount > 0 } ?? false }

  private static func list(_ numbers: [some BinaryInteger]) -> CSV.Field {
    .number(numbers.map { "\($0)" }.joined(separator: " "))
  }

  private var header: [String] {
    var columns = ["example"]
    if isTokenTask { columns += ["place", "token"] }
    columns += ["prediction", "label"]
    if !isRegression { columns.append("correct") }
    if hasClassNames { columns += ["prediction_name", "label_name"] }
    if hasTexts { columns.append("text") }
    if hasTexts, isPair { columns.append("second_text") }
    if hasTokens {
      columns.append("tokens")
      if hasTypes { columns.append("types") }
      if isPair { columns.append("second_tokens") }
    }
    return columns
  }

  private func rows(_ targets: Range<Int>, of example: Example?) -> [[CSV.Field]] {
    var places: [Int] = []
    if case .tokenClasses(let labels) = example?.label {
      places = labels.indices.filter { labels[$0] != Example.ignoredLabel }
    }
    return targets.enumerated().map { number, target in
      var fields = [CSV.Field.number("\(examples[target])")]
      if isTokenTask, let example, let text {
        let place = places[number]
        fields += [.number("\(place)"), .text(text.piece(Int(example.tokens[place])))]
      }
      fields += answer(target)
      if hasTexts, let example, let text {
        fields.append(.text(text.line(example.tokens)))
        if isPair { fields.append(.text(text.line(example.secondTokens ?? []))) }
      }
      if hasTokens, let example {
        fields.append(Self.list(example.tokens))
        if hasTypes { fields.append(Self.list(example.typeIDs ?? [])) }
        if isPair { fields.append(Self.list(example.secondTokens ?? [])) }
      }
      return fields
    }
  }

  private func answer(_ target: Int) -> [CSV.Field] {
    switch test.answers {
    case .values(let predictions, let labels):
      return [.number("\(predictions[target])"), .number("\(labels[target])")]
    case .classes(let predictions, let labels):
      let (prediction, label) = (predictions[target], labels[target])
      let isCorrect = prediction == label
      var fields = ["\(prediction)", "\(label)", isCorrect ? "1" : "0"].map(CSV.Field.number)
      if hasClassNames, let text {
        fields += [prediction, label].map { .text(text.className($0)) }
      }
      return fields
    }
  }
}
