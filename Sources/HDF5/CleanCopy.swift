import CHDF5

/// Writes what this program can use of an HDF5 file into a fresh one: groups, numbers, truth values and texts.
///
/// Objects of other types are left out. A file that refers to other files, or holds more than its size allows
/// for, is refused.
struct CleanCopy {
  /// Groups and datasets that a file may have.
  private static let objectLimit = 1 << 17
  /// Groups inside each other.
  private static let depthLimit = 32
  /// Values moved at once.
  private static let pieceSize = 1 << 20

  /// Bytes that may still be copied.
  private var budget: Int
  private var objects = 0

  /// Copies the file at `source` to a new one at `target`.
  static func write(from source: String, to target: String) throws {
    let file = try HDF5File(reading: source)
    var size: hsize_t = 0
    guard H5Fget_filesize(file.session.id, &size) >= 0 else {
      throw file.libraryFailure("has no size")
    }
    let new = try HDF5File(creating: target)
    // A number may take 8 bytes when it is read, whatever it takes in the file.
    var copy = CleanCopy(budget: 128 << 20 + 8 * Int(clamping: min(size, 1 << 40)))
    try copy.group(file, to: new, depth: 0)
    try new.close()
  }

  private init(budget: Int) { self.budget = budget }

  private mutating func group(_ source: HDF5Group, to target: HDF5Group, depth: Int) throws {
    guard depth < Self.depthLimit else { throw source.failure(.damaged, "its groups do not end") }
    try attributes(of: source, to: target)
    for name in try source.children() {
      objects += 1
      guard objects < Self.objectLimit else {
        throw source.failure(.damaged, "has too many objects")
      }
      if try source.isGroup(name) {
        try group(source.group(name), to: target.createGroup(name), depth: depth + 1)
      } else if try source.isDataset(name) {
        try dataset(source.dataset(name), to: target, name)
      }
    }
  }

  // MARK: Datasets

  private mutating func dataset(_ source: HDF5Dataset, to target: HDF5Group, _ name: String) throws
  {
    guard let new = try copy(source, to: target, name) else { return }
    try attributes(of: source, to: new)
  }

  private mutating func copy(
    _ source: HDF5Dataset, to target: HDF5Group, _ name: String
  ) throws -> HDF5Dataset? {
    switch try source.type {
    case .string: try copy(source, to: target, name, as: String.self)
    case .boolean: try copy(source, to: target, name, as: Bool.self)
    case .float(bits: 16), .float(bits: 32): try copy(source, to: target, name, as: Float.self)
    case .float: try copy(source, to: target, name, as: Double.self)
    case .integer(bits: 8, signed: true): try copy(source, to: target, name, as: Int8.self)
    case .integer(bits: 16, signed: true): try copy(source, to: target, name, as: Int16.self)
    case .integer(bits: 32, signed: true): try copy(source, to: target, name, as: Int32.self)
    case .integer(bits: 64, signed: true): try copy(source, to: target, name, as: Int64.self)
    case .integer(bits: 8, signed: false): try copy(source, to: target, name, as: UInt8.self)
    case .integer(bits: 16, signed: false): try copy(source, to: target, name, as: UInt16.self)
    case .integer(bits: 32, signed: false): try copy(source, to: target, name, as: UInt32.self)
    case .integer(bits: 64, signed: false): try copy(source, to: target, name, as: UInt64.self)
    case .integer, .other: nil
    }
  }

  private mutating func copy<Value: HDF5Element>(
    _ source: HDF5Dataset, to target: HDF5Group, _ name: String, as type: Value.Type
  ) throws -> HDF5Dataset {
    let shape = try source.shape
    // Counted before anything is allocated for them.
    try spend(values: try source.count, of: source)
    let new = try target.createDataset(name, as: type, shape: shape)
    guard let rows = shape.first else {
      try new.write(spending(source.read(as: type), of: source))
      return new
    }
    let rowSize = max(1, shape.dropFirst().reduce(1, *))
    let pieceRows = max(1, Self.pieceSize / rowSize)
    for start in stride(from: 0, to: rowSize * rows == 0 ? 0 : rows, by: pieceRows) {
      let piece = start..<min(rows, start + pieceRows)
      try new.write(spending(source.read(as: type, rows: piece), of: source), rows: piece)
    }
    return new
  }

  // MARK: Attributes

  private mutating func attributes(of source: HDF5Object, to target: HDF5Object) throws {
    for name in try source.attributeNames() {
      objects += 1
      guard objects < Self.objectLimit else {
        throw source.failure(.damaged, "has too many objects")
      }
      switch try source.attributeType(name) {
      case .string: try attribute(name, of: source, to: target, as: String.self)
      case .boolean: try attribute(name, of: source, to: target, as: Bool.self)
      case .float: try attribute(name, of: source, to: target, as: Double.self)
      case .integer(_, signed: true): try attribute(name, of: source, to: target, as: Int64.self)
      case .integer(_, signed: false): try attribute(name, of: source, to: target, as: UInt64.self)
      case .other: continue
      }
    }
  }

  private mutating func attribute<Value: HDF5Element>(
    _ name: String, of source: HDF5Object, to target: HDF5Object, as type: Value.Type
  ) throws {
    try spend(values: try source.attributeCount(name), of: source)
    try target.setAttribute(name, spending(source.attributeArray(name, as: type), of: source))
  }

  // MARK: Size

  private mutating func spend(values count: Int, of object: HDF5Object) throws {
    let (bytes, overflows) = count.multipliedReportingOverflow(by: 8)
    guard count >= 0, !overflows, bytes <= budget else {
      throw object.failure(.damaged, "claims more values than the file can hold")
    }
    budget -= bytes
  }

  /// `values`, once their texts are counted too.
  private mutating func spending<Value>(_ values: [Value], of object: HDF5Object) throws -> [Value]
  {
    for case let text as String in values where Value.self == String.self {
      try spend(values: (text.utf8.count + 7) / 8, of: object)
    }
    return values
  }
}
