import HDF5

/// Reads the parts of a log's file, checking each.
struct LogReader {
  let file: HDF5File
  /// The paths that fields have a name for.
  let declared: Set<String>
  /// The group that paths are read from; empty for the file's root.
  private(set) var group = ""

  init(_ file: HDF5File, declared: Set<String>) {
    self.file = file
    self.declared = declared
  }

  /// Reads from a group of this one.
  func inside(_ group: String) -> LogReader {
    var reader = self
    reader.group += group
    return reader
  }

  /// What is wrong with the attribute or data set at `path`.
  func problem(_ path: String, _ problem: String) -> RunLogError {
    RunLogError(file: file.file, key: group + path, problem: problem)
  }

  /// Refuses values that no run can have.
  func check(_ path: String, _ values: [Double], _ plausible: Plausible) throws {
    if let words = plausible.problem(of: values) { throw problem(path, words) }
  }

  /// Whether there is the attribute, data set or group.
  func exists(_ path: String) throws -> Bool {
    if let attribute = LogPath.attribute(path) { return try file.hasAttribute(attribute) }
    return try file.exists(group + path)
  }

  /// A single value.
  func value<Value: HDF5Element>(_ path: String) throws -> Value {
    if let attribute = LogPath.attribute(path) { return try file.attribute(attribute) }
    return try file.dataset(group + path).readScalar()
  }

  /// All values.
  func values<Value: HDF5Element>(_ path: String) throws -> [Value] {
    if let attribute = LogPath.attribute(path) { return try file.attributeArray(attribute) }
    return try file.read(group + path)
  }

  /// The values of a column, which must have as many rows as the others of its table.
  func column<Value: HDF5Element>(_ path: String, _ count: Int) throws -> [Value] {
    let values: [Value] = try values(path)
    guard values.count == count else {
      throw problem(path, "has \(values.count) rows where its table has \(count)")
    }
    return values
  }

  /// The number of values.
  func count(_ path: String) throws -> Int { try dataset(path).count }

  /// The data set at `path`.
  func dataset(_ path: String) throws -> HDF5Dataset { try file.dataset(group + path) }

  /// What the group has that no field has a name for.
  func undeclared() throws -> [String] {
    try file.group(group).children().filter { !declared.contains("\(group)/\($0)") }
  }
}
