import Arguments
import Datasets
import Foundation

/// `sbm data prepare`: builds a task's token cache.
struct DataPrepareCommand: Command {
  static let name = "prepare"
  static let abstract = "Build the token cache of a data set."
  static let discussion = """
    A cache that fits its files and settings is left as it is; another is made anew. If the work \
    is interrupted, the same command goes on after the last whole split. `sbm run` does the same \
    on its own when it needs to.
    """
  static let parameters: [any AnyParameter] =
    [task] + DataOptions.places + DataOptions.reading

  private static let task = DatasetName.parameter("The data set.")

  private let name: String
  private let options: DataOptions

  init(_ arguments: ParsedArguments) throws {
    name = arguments[Self.task]
    options = DataOptions(arguments)
  }

  func run() throws {
    let (entry, options) = try options.choose(name)
    let display = ProgressDisplay()
    defer { display.finish() }
    let source = try entry.source(options.data, options.source)
    if case .stale(let why) = try TokenCache.status(source, options.data) {
      Output.warn("The cache is made anew: \(why).")
    }
    let cache = try TokenCache.prepare(source, in: options.data, progress: display.show)
    display.finish()
    for warning in try cache.shortfalls() { Output.warn("Warning: \(warning)") }
    for split in cache.task.splits {
      let store = try cache.split(split, residentBytes: 0)
      let tokens = (0..<store.count).reduce(0) { $0 + store.lengths(of: $1).total }
      try Output.line("\(split)  \(store.count) examples, \(tokens) tokens")
    }
    try Output.line(cache.url.path)
  }
}
