import HDF5

/// What one attribute or data set of a log holds.
protocol LogContent: Sendable {
  /// The type of its values.
  var type: HDF5Type { get }
  /// Its axes; none for a single value.
  var shape: [Int] { get }
  /// Writes it as the attribute or data set at `path`.
  func write(to file: HDF5File, at path: String) throws
  /// Says how `other` differs; nil when it is equal to the bit.
  func difference(from other: any LogContent) -> String?
}

/// A value of which logs hold one or many.
protocol LogElement: HDF5Element {
  /// Whether it is the same to the bit.
  func isSame(as other: Self) -> Bool
}

extension LogElement where Self: Equatable {
  func isSame(as other: Self) -> Bool { self == other }
}

extension String: LogElement {}
extension Int: LogElement {}
extension UInt64: LogElement {}
extension Bool: LogElement {}
extension Double: LogElement {
  /// NaN is NaN; zero is not minus zero.
  func isSame(as other: Double) -> Bool { bitPattern == other.bitPattern }
}

/// Values of one type, in row-major order.
struct LogValues<Element: LogElement>: LogContent {
  let values: [Element]
  let shape: [Int]

  init(_ value: Element) { (values, shape) = ([value], []) }

  init(_ values: [Element], shape: [Int]? = nil) {
    (self.values, self.shape) = (values, shape ?? [values.count])
  }

  var type: HDF5Type { Element.hdf5Type }

  func write(to file: HDF5File, at path: String) throws {
    guard let attribute = LogPath.attribute(path) else {
      try file.write(path, values, shape: shape, storage: storage)
      return
    }
    switch shape.count {
    case 0: try file.setAttribute(attribute, values[0])
    case 1: try file.setAttribute(attribute, values)
    default: preconditionFailure("\(path) has axes \(shape), an attribute at most one")
    }
  }

  /// In one piece where they are few, else deflated, which loses nothing and is most worth it for the answers of a
  /// test, a class a token. Chunks of up to 512 kB; more than a level of 6 gains little.
  private var storage: HDF5Storage {
    guard let rows = shape.first, rows > 0, values.count >= 1024 else { return .contiguous }
    let rowsOfChunk = max(1, min(rows, (1 << 16) * rows / values.count))
    return .chunked(rows: rowsOfChunk, deflate: 6, shuffle: true)
  }

  func difference(from other: any LogContent) -> String? {
    if shape != other.shape { return "shape \(shape) against \(other.shape)" }
    guard let other = other as? Self else { return "\(type) against \(other.type)" }
    let place = values.indices.first { !values[$0].isSame(as: other.values[$0]) }
    return place.map {
      "\(word($0)) against \(other.word($0))\(shape.isEmpty ? "" : " at \($0)")"
    }
  }

  private func word(_ index: Int) -> String {
    shape.isEmpty && type == .string ? "'\(values[index])'" : "\(values[index])"
  }
}

/// How the places in a log's file are named.
enum LogPath {
  /// The name of an attribute of the file from `/@name`; nil for the path of a data set.
  static func attribute(_ path: String) -> String? {
    path.hasPrefix("/@") ? String(path.dropFirst(2)) : nil
  }
}

// MARK: Values of fields

/// A value of a log that is one attribute or data set.
protocol LogValue: Sendable {
  /// What is written; nil for nothing.
  var content: (any LogContent)? { get }
  /// Reads what `path` holds.
  static func read(_ reader: LogReader, _ path: String) throws -> Self
}

extension LogValue where Self: LogElement {
  var content: (any LogContent)? { LogValues(self) }

  static func read(_ reader: LogReader, _ path: String) throws -> Self { try reader.value(path) }
}

extension String: LogValue {}
extension Int: LogValue {}
extension UInt64: LogValue {}
extension Double: LogValue {}

extension Array: LogValue where Element: LogElement {
  var content: (any LogContent)? { LogValues(self) }

  static func read(_ reader: LogReader, _ path: String) throws -> Self { try reader.values(path) }
}

extension Optional: LogValue where Wrapped: LogValue {
  var content: (any LogContent)? { self?.content }

  static func read(_ reader: LogReader, _ path: String) throws -> Self {
    try reader.exists(path) ? try Wrapped.read(reader, path) : nil
  }
}

/// One of a few words.
extension LogValue where Self: RawRepresentable & CaseIterable, RawValue == String {
  var content: (any LogContent)? { rawValue.content }

  static func read(_ reader: LogReader, _ path: String) throws -> Self {
    let word: String = try reader.value(path)
    guard let value = Self(rawValue: word) else {
      let known = allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
      throw reader.problem(path, "'\(word)' is none of \(known)")
    }
    return value
  }
}
