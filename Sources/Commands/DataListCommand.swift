import Arguments
import DataFiles
import Datasets
import Foundation

/// `sbm data list`: what is ready, what is missing, and where it comes from.
struct DataListCommand: Command {
  static let name = "list"
  static let abstract = "Show which data sets are ready, which are missing, and their origin."
  static let parameters: [any AnyParameter] = DataOptions.places + DataOptions.reading + [json]

  private static let json = Parameter<Bool>.flag("json", help: "Print one JSON object a line.")

  private let options: DataOptions
  private let json: Bool

  init(_ arguments: ParsedArguments) throws {
    options = DataOptions(arguments)
    json = arguments[Self.json]
  }

  func run() throws {
    let rows = DatasetEntry.all.map(row)
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      for row in rows { try Output.json(String(decoding: encoder.encode(row), as: UTF8.self)) }
      return
    }
    let width = rows.map(\.task.count).max() ?? 0
    try Output.line("root \(options.data.root.path), caches in \(options.data.cache.path)")
    for row in rows {
      let name = row.task.padding(toLength: width, withPad: " ", startingAt: 0)
      let files = row.files.padding(toLength: 10, withPad: " ", startingAt: 0)
      try Output.line("\(name)  files \(files)  cache \(row.cache)")
      let indent = String(repeating: " ", count: width + 2)
      if let problem = row.problem { try Output.line("\(indent)\(problem)") }
      if row.files != "ready" { try Output.line("\(indent)from: \(row.origin)") }
      try Output.line("\(indent)licence: \(row.licence)")
    }
  }

  private struct Row: Encodable {
    var task: String
    var files: String
    var cache: String
    var problem: String?
    var origin: String
    var licence: String
  }

  private func row(_ entry: DatasetEntry) -> Row {
    var row = Row(
      task: entry.task.name, files: "ready", cache: "-", problem: nil, origin: entry.origin,
      licence: entry.licence)
    do {
      let source = try entry.source(options.data, options.source)
      _ = try source.fingerprint()
      switch try TokenCache.status(source, options.data) {
      case .ready:
        row.cache = "ready"
        let shortfalls = try TokenCache.prepare(source, in: options.data).shortfalls()
        if !shortfalls.isEmpty {
          row.files = "incomplete"
          row.problem = shortfalls.joined(separator: " ")
        }
      case .absent: row.cache = "absent"
      case .stale(let why): row.cache = "stale (\(why))"
      case .damaged(let why): row.cache = "damaged (\(why))"
      }
    } catch {
      switch (error as? DataError)?.kind {
      case .missing: row.files = "missing"
      case .incomplete: row.files = "incomplete"
      default: row.files = "wrong"
      }
      row.problem = "\(error)"
    }
    return row
  }
}
