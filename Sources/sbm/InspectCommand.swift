import Arguments
import Datasets
import Diagnostics
import Foundation
import Inspection
import RunLog
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
  static let parameters: [any AnyParameter] = [run, example, split, layer, head, out, root]

  private static let run = Parameter<String>.argument(
    "run", help: "A run log (.h5), or the name of a run below results, such as listops-sbm-s0.")
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

  private static let positive: Check<Int> = { $0 > 0 ? nil : "It must be positive." }

  private let name: String
  private let index: Int
  private let split: Split?
  private let selection: Inspector.Selection
  private let outputPath: String?
  private let dataRoot: String?

  init(_ arguments: ParsedArguments) throws {
    name = arguments[Self.run]
    index = arguments[Self.example]
    split = arguments[Self.split]
    selection = .init(
      layer: arguments[Self.layer].map { $0 - 1 }, head: arguments[Self.head].map { $0 - 1 })
    outputPath = arguments[Self.out]
    dataRoot = arguments[Self.root]
  }

  func run() throws {
    let path = try RunLookup(name).path
    let display = ProgressDisplay()
    defer { display.finish() }
    let trained = try TrainedRun(log: path, dataRoot: dataRoot, progress: display.show)
    let split = split ?? trained.data.testSplit
    // Most examples are looked at before a bar would tell anything.
    let patience = ContinuousClock.now + .seconds(2)
    let inspection = try Inspector(trained, selection: selection) { progress in
      if ContinuousClock.now > patience { display.show(progress) }
    }.inspect(index, of: split)
    let stem = path.hasSuffix(".h5") ? String(path.dropLast(3)) : path
    let output = outputPath ?? "\(stem)-\(split.rawValue)-\(index).html"
    let page = try FileWriter(URL(fileURLWithPath: output))
    try page.write(Array(InspectionPage(inspection).text.utf8))
    try page.commit()
    display.finish()
    try Output.line(output)
  }
}

/// Finds the log that a person means by a path or a run's name.
struct RunLookup {
  /// The log's path.
  let path: String

  /// - Throws: ``NoSuchRun`` when there is no such file, or not one run of that name below `folder`.
  init(_ name: String, below folder: String = "results") throws {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: name, isDirectory: &isFolder), !isFolder.boolValue {
      path = name
      return
    }
    guard !name.contains("/"), !name.hasSuffix(".h5"), !isFolder.boolValue else {
      throw NoSuchRun.path(name, isFolder: isFolder.boolValue)
    }
    let logs = Self.logs(below: folder)
    let found = logs.filter { $0.name == name }.map(\.path)
    guard let only = found.first else {
      throw NoSuchRun.name(
        name, folder: folder, closest: Spelling.closest(to: name, among: logs.map(\.name)))
    }
    guard found.count == 1 else { throw NoSuchRun.several(name, found) }
    path = only
  }

  private static func logs(below folder: String) -> [(name: String, path: String)] {
    let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    return files.sorted().filter { file in
      file.hasSuffix(".h5") && !file.hasSuffix(".checkpoint.h5")
        && !file.split(separator: "/").contains { $0.hasPrefix(".") }
    }.map { file in
      (String((file as NSString).lastPathComponent.dropLast(3)), "\(folder)/\(file)")
    }
  }
}

/// What was named is no run.
enum NoSuchRun: ExitCodeProviding, CustomStringConvertible {
  case path(String, isFolder: Bool)
  case name(String, folder: String, closest: String?)
  case several(String, [String])

  var description: String {
    switch self {
    case .path(let path, let isFolder):
      isFolder
        ? "\(path) is a folder; name a run log (.h5) in it."
        : "\(path): there is no such run log. sbm run writes them; sbm report lists them."
    case .name(let name, let folder, let closest):
      "There is no run '\(name)' below \(folder)."
        + (closest.map { " Did you mean '\($0)'?" } ?? " Name its log (.h5), or another run.")
    case .several(let name, let paths):
      "There are \(paths.count) runs '\(name)'; name one of their logs: \(paths.joined(separator: ", "))."
    }
  }

  var exitCode: ExitCode {
    if case .path(_, false) = self { .inputOutput } else { .usage }
  }
}
