import Arguments
import DataFiles
import Datasets
import Foundation
import Randomness
import Tasks

/// `sbm data show`: a few examples, for a person to look at.
struct DataShowCommand: Command {
  static let name = "show"
  static let abstract = "Show examples of a data set: images on a sheet, texts as lines."
  static let discussion = """
    Tasks of images go to a PNG file, each image with its label under it. Of other tasks, the \
    label and the text of each example are printed, separated by a tab. No example is shown twice.
    """
  static let parameters: [any AnyParameter] =
    [task, out, split, count, seed] + DataOptions.places + DataOptions.reading

  private static let task = DatasetName.parameter("The data set.")
  private static let out = Parameter<String?>.option(
    "out", value: "file.png", help: "Where the sheet of images goes.")
  private static let split = Parameter<Split>.option(
    "split", default: .train, help: "The split to choose from.")
  private static let count = Parameter<Int?>.option(
    "count", value: "number", help: "How many examples (images 64, texts 8).",
    check: { 1...4096 ~= $0 ? nil : "It must be from 1 to 4096." })
  private static let seed = Parameter<UInt64>.option(
    "seed", value: "number", default: 0, help: "The seed of the choice.")

  private let name: String
  private let options: DataOptions
  private let out: String?
  private let split: Split
  private let count: Int?
  private let seed: UInt64

  init(_ arguments: ParsedArguments) throws {
    name = arguments[Self.task]
    options = DataOptions(arguments)
    out = arguments[Self.out]
    split = arguments[Self.split]
    seed = arguments[Self.seed]
    count = arguments[Self.count]
    if !DatasetName.isExperiment(name) { try check(DatasetName.entry(name).task) }
  }

  private func check(_ task: TaskSpecification) throws {
    let isImage = task.imageSide != nil
    if isImage && out == nil { throw ValidationError("Images need --out <file.png>.") }
    if !isImage && out != nil {
      throw ValidationError("--out is for tasks of images; \(task.name) has none.")
    }
  }

  func run() throws {
    let (entry, options) = try options.choose(name)
    try check(entry.task)
    let count = count ?? (entry.task.imageSide == nil ? 8 : 64)
    let display = ProgressDisplay()
    defer { display.finish() }
    let source = try entry.source(options.data, options.source)
    let store = try TokenCache.prepare(source, in: options.data, progress: display.show)
      .split(split, residentBytes: 0)
    var generator = RandomStream(seed: seed).child("show").generator()
    var places = Array(0..<store.count)
    generator.shuffle(&places)
    let examples = try store.examples(at: Array(places.prefix(count)))
    if let side = entry.task.imageSide, let out {
      let sheet = ContactSheet().draw(
        examples.map { example in
          ContactSheet.Entry(
            GrayImage(
              width: side, height: side, pixels: example.tokens.map { UInt8(clamping: $0) }),
            label: classIndex(example))
        })
      try Output.file(Array(sheet.png), to: out)
    } else {
      let text = try TokenText(source.task, options.data, options.source)
      for example in examples {
        let texts = [example.tokens, example.secondTokens].compactMap { $0 }.map(text.line)
        try Output.line(([label(example, text)] + texts).joined(separator: "\t"))
      }
    }
  }

  private func label(_ example: Example, _ text: TokenText) -> String {
    switch example.label {
    case .none: "-"
    case .classIndex(let index): text.className(Int(index))
    case .value(let value): "\(value)"
    case .tokenClasses(let classes): classes.map { "\($0)" }.joined(separator: " ")
    }
  }

  /// The class of an image.
  private func classIndex(_ example: Example) -> Int {
    guard case .classIndex(let index) = example.label else {
      preconditionFailure("images have classes")
    }
    return Int(index)
  }
}

extension Split: ArgumentValue {
  /// The split's name.
  public var argumentText: String { rawValue }
}
