import Arguments
import DataFiles
import Datasets
import Diagnostics
import Foundation
import Inspection
import RunLog
import Tasks
import Training

/// `sbm inspect`: what a trained model's attention does with an example.
struct InspectCommand: Command {
  static let name = "inspect"
  static let abstract = "Show what a trained model's attention does with one example, on a page."
  static let discussion = """
    Runs an example through the run's model (the parameters that were best on dev) and writes one HTML \
    page with the edges, the attention weights and, for sbm, the cluster memberships of each layer and \
    head as images. The page needs nothing beside it. Prints its path.
    """
  static let parameters: [any AnyParameter] = [
    run, example, split, layer, head, out, root, cache,
  ]

  private static let run = Parameter<String>.argument("run", help: RunLookup.help)
  private static let example = Parameter<Int>.option(
    "example", value: "number", default: 0, help: "The example's number in its split, from 0.",
    check: { $0 >= 0 ? nil : "It cannot be negative." })
  private static let split = Parameter<Split?>.option(
    "split", help: "The example's split. The default is test (dev where test has no labels).")
  private static let layer = Parameter<Int?>.option(
    "layer", value: "number", help: "Only this layer, counted from 1.", check: positive)
  private static let head = Parameter<Int?>.option(
    "head", value: "number", help: "Only this head, counted from 1.", check: positive)
  private static let out = Parameter<String?>.option(
    "out", value: "file.html",
    help: "Where the page goes. (default: <run>-<split>-<example>.html beside the log)")
  private static let root = Parameter<String?>.option(
    "root", value: "folder",
    help: "The folder of data sets, if not where the run found them.")
  private static let cache = Parameter<String?>.option(
    "cache", value: "folder", help: "The folder of caches, if not where the run found them.")

  private static let positive: Check<Int> = { $0 > 0 ? nil : "It must be positive." }

  private let name: String
  private let index: Int
  private let split: Split?
  private let selection: Inspector.Selection
  private let outputPath: String?
  private let dataFolders: (root: String?, cache: String?)

  init(_ arguments: ParsedArguments) throws {
    name = arguments[Self.run]
    index = arguments[Self.example]
    split = arguments[Self.split]
    selection = .init(
      layer: arguments[Self.layer].map { $0 - 1 }, head: arguments[Self.head].map { $0 - 1 })
    outputPath = arguments[Self.out]
    dataFolders = (arguments[Self.root], arguments[Self.cache])
  }

  func run() throws {
    let path = try RunLookup(name).path
    let saved = try SavedRun(log: path)
    // Before the data is looked for.
    try Inspector.requireExample(index, of: split, in: saved.log)
    let display = ProgressDisplay()
    defer { display.finish() }
    let trained = try TrainedRun(saved, dataRoot: dataFolders.root, cache: dataFolders.cache)
    let split = split ?? trained.data.testSplit
    // Most examples are looked at before a bar would tell anything.
    let patience = ContinuousClock.now + .seconds(2)
    let inspection = try Inspector(trained, selection: selection) { progress in
      if ContinuousClock.now > patience { display.show(progress) }
    }.inspect(index, of: split)
    let stem = path.hasSuffix(".h5") ? String(path.dropLast(3)) : path
    let output = outputPath ?? "\(stem)-\(split.rawValue)-\(index).html"
    let isFile = try Output.file(Array(InspectionPage(inspection).text.utf8), to: output)
    display.finish()
    if isFile { try Output.line(output) }
  }
}
