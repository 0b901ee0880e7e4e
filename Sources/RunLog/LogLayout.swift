import HDF5

/// Files of one kind: how they are known, and all that they hold.
struct LogLayout<Log: Sendable>: Sendable {
  /// What a person calls such a file.
  let name: String
  /// The `format` attribute.
  let format: String
  /// The `format_version` attribute.
  let version: Int
  /// Everything else, in the file's order.
  let fields: [LogField<Log>]

  /// All attributes and data sets that have names of their own; metrics have not.
  var paths: [String] { ["/@format", "/@format_version"] + fields.flatMap(\.paths) }

  /// Writes `log`, sealed, so that `path` is at any moment the last file or this one.
  ///
  /// - Throws: `HDF5Error`, a full disk among them; the last file is then still there.
  func write(_ log: Log, to path: String) throws {
    try HDF5File.writeAtomically(to: path, sealed: true) { file in
      try file.setAttribute("format", format)
      try file.setAttribute("format_version", version)
      for entry in fields.flatMap({ $0.entries(log) }) {
        try entry.content.write(to: file, at: entry.path)
      }
    }
  }

  /// Reads the file at `path` into `log`, which has nothing yet.
  ///
  /// - Throws: `HDF5Error`, ``RunLogError``.
  func read(_ path: String, into log: inout Log) throws {
    let reader = LogReader(try HDF5File(reading: path), declared: Set(paths))
    try checkFormat(reader)
    for field in fields { try field.read(reader, &log) }
  }

  /// What `log` says of its run's computation, by path.
  func computed(_ log: Log) -> [String: any LogContent] {
    let entries = fields.filter(\.isComputed).flatMap { $0.entries(log) }
    return Dictionary(uniqueKeysWithValues: entries.map { ($0.path, $0.content) })
  }

  private func checkFormat(_ reader: LogReader) throws {
    let found = try Optional<String>.read(reader, "/@format")
    guard found == format else {
      let found = found.map { "'\($0)'" } ?? "missing"
      throw reader.problem(
        "/@format", "this is no \(name): the attribute is \(found), not '\(format)'")
    }
    let version: Int = try reader.value("/@format_version")
    guard version == self.version else {
      throw reader.problem(
        "/@format_version",
        "layout \(version) is not known here (only \(self.version)): use the program's version that "
          + "wrote it")
    }
  }
}
