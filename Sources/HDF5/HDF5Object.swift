import CHDF5

/// A group or a dataset of an open file.
///
/// Every object keeps its file open. All calls of the process pass one lock, so that objects may
/// be used from several threads, one at a time. Unchecked: the properties never change, and what they name
/// is touched under that lock.
public class HDF5Object: @unchecked Sendable {
  /// Path of the file.
  public let file: String
  /// Path of the object in the file; `/` is the root.
  public let path: String
  let id: hid_t
  let session: Session

  init(id: hid_t, path: String, session: Session) {
    self.id = id
    self.path = path
    self.file = session.path
    self.session = session
  }

  deinit {
    Library.locked { if session.isOpen { H5Oclose(id) } }
  }

  /// The last component of the path.
  public var name: String {
    path.split(separator: "/").last.map(String.init) ?? "/"
  }

  func failure(_ kind: HDF5Error.Kind, _ message: String, of object: String? = nil) -> HDF5Error {
    HDF5Error(kind, file: file, object: object ?? path, message: message)
  }

  func libraryFailure(_ action: String, of object: String? = nil) -> HDF5Error {
    .library(
      action, file: file, object: object ?? path, isWriting: session.isForWriting)
  }

  func checkOpen() throws {
    if !session.isOpen { throw failure(.failed, "the file has been closed") }
    try session.checkWritten()
  }
}

/// One open file, shared by all its objects.
final class Session {
  let path: String
  let id: hid_t
  private(set) var isOpen = true
  private let written: WrittenFile?
  /// What is open in place of the file at `path`, kept as long as it is.
  private let copy: MemoryFile?

  init(path: String, id: hid_t, written: WrittenFile? = nil, copy: MemoryFile? = nil) {
    self.path = path
    self.id = id
    self.written = written
    self.copy = copy
  }

  /// Whether the file is one that is being written.
  var isForWriting: Bool { written != nil }

  /// Throws the error of a write that failed.
  func checkWritten() throws {
    guard let written, written.failure != 0 else { return }
    throw HDF5Error.system("cannot be written", code: written.failure, file: path)
  }

  deinit { Library.locked { _ = close() } }

  /// Closes the file and every object in it; false when libhdf5 could not.
  func close() -> Bool {
    guard isOpen else { return true }
    isOpen = false
    return H5Fclose(id) >= 0
  }
}

// MARK: Attributes

extension HDF5Object {
  /// The names of the attributes, sorted.
  public func attributeNames() throws -> [String] {
    try Library.locked {
      try checkOpen()
      let count = H5Aget_num_attrs(id)
      guard count >= 0 else { throw libraryFailure("cannot list attributes") }
      return try (0..<hsize_t(count)).map { index in
        try readName { buffer, size in
          H5Aget_name_by_idx(id, ".", H5_INDEX_NAME, H5_ITER_INC, index, buffer, size, 0)
        }
      }
    }
  }

  /// Whether the attribute is there.
  public func hasAttribute(_ name: String) throws -> Bool {
    try Library.locked {
      try checkOpen()
      let answer = H5Aexists(id, name)
      guard answer >= 0 else { throw libraryFailure("cannot look", of: attributePath(name)) }
      return answer > 0
    }
  }

  /// What the attribute holds.
  public func attributeType(_ name: String) throws -> HDF5Type {
    try withAttribute(name) { _, type, _ in HDF5Type(of: type) }
  }

  /// The number of values of the attribute.
  func attributeCount(_ name: String) throws -> Int { try withAttribute(name) { $2 } }

  /// Reads a single value.
  public func attribute<Value: HDF5Element>(_ name: String, as type: Value.Type = Value.self)
    throws -> Value
  {
    let values = try attributeArray(name, as: type)
    guard values.count == 1 else {
      throw failure(
        .wrongShape, "holds \(values.count) values, not one", of: attributePath(name))
    }
    return values[0]
  }

  /// Reads all values in row-major order, of a scalar too.
  public func attributeArray<Value: HDF5Element>(
    _ name: String, as type: Value.Type = Value.self
  ) throws -> [Value] {
    try withAttribute(name) { attribute, storedType, count in
      try Value.read(attributeTransfer(attribute, name, storedType, count))
    }
  }

  /// Writes a single value, in place of what the attribute held.
  public func setAttribute<Value: HDF5Element>(_ name: String, _ value: Value) throws {
    try writeAttribute(name, [value], dimensions: [])
  }

  /// Writes a list of values, in place of what the attribute held.
  public func setAttribute<Value: HDF5Element>(_ name: String, _ values: [Value]) throws {
    try writeAttribute(name, values, dimensions: [hsize_t(values.count)])
  }

  private func writeAttribute<Value: HDF5Element>(
    _ name: String, _ values: [Value], dimensions: [hsize_t]
  ) throws {
    try Library.locked {
      try checkOpen()
      let object = attributePath(name)
      func failed() -> HDF5Error { libraryFailure("cannot be written", of: object) }
      if H5Aexists(id, name) > 0, H5Adelete(id, name) < 0 { throw failed() }
      let type = Value.makeStoredType()
      let space =
        dimensions.isEmpty
        ? H5Screate(H5S_SCALAR) : H5Screate_simple(Int32(dimensions.count), dimensions, nil)
      try withHandle(space, closedBy: H5Sclose, orThrow: failed) { space in
        let created = H5Acreate2(id, name, type.id, space, 0, 0)
        try withHandle(created, closedBy: H5Aclose, orThrow: failed) { attribute in
          let transfer = HDF5Transfer(
            count: values.count, storedType: type.id,
            move: { type, pointer, _ in H5Awrite(attribute, type, pointer) },
            failure: { self.failure($0, $1, of: object) },
            libraryFailure: { self.libraryFailure($0, of: object) })
          try Value.write(values, transfer)
        }
      }
    }
  }

  /// More values than any attribute has.
  private static let attributeLimit = 1 << 24

  private func attributePath(_ name: String) -> String { "\(path)@\(name)" }

  /// Opens an attribute for `body(attribute, stored type, number of values)`.
  private func withAttribute<Result>(
    _ name: String, _ body: (hid_t, hid_t, Int) throws -> Result
  ) throws -> Result {
    try Library.locked {
      try checkOpen()
      let object = attributePath(name)
      guard H5Aexists(id, name) > 0 else {
        throw failure(.missingObject, "there is no such attribute", of: object)
      }
      func failed() -> HDF5Error { libraryFailure("cannot be opened", of: object) }
      return try withHandle(H5Aopen(id, name, 0), closedBy: H5Aclose, orThrow: failed) { id in
        try withHandle(H5Aget_type(id), closedBy: H5Tclose, orThrow: failed) { type in
          try withHandle(H5Aget_space(id), closedBy: H5Sclose, orThrow: failed) { space in
            let count = Int(H5Sget_simple_extent_npoints(space))
            guard 0...Self.attributeLimit ~= count else {
              throw failure(.damaged, "claims \(count) values", of: object)
            }
            return try body(id, type, count)
          }
        }
      }
    }
  }

  /// `H5Aread` takes no transfer properties: numbers are read as stored, then converted.
  private func attributeTransfer(
    _ attribute: hid_t, _ name: String, _ storedType: hid_t, _ count: Int
  ) -> HDF5Transfer {
    let object = attributePath(name)
    return HDF5Transfer(
      count: count, storedType: storedType,
      move: { type, pointer, properties in
        guard properties != 0 else { return H5Aread(attribute, type, pointer) }
        let (stored, wanted) = (H5Tget_size(storedType), H5Tget_size(type))
        let scratch = UnsafeMutableRawPointer.allocate(
          byteCount: count * max(stored, wanted), alignment: 16)
        defer { scratch.deallocate() }
        guard H5Aread(attribute, storedType, scratch) >= 0,
          H5Tconvert(storedType, type, count, scratch, nil, properties) >= 0
        else { return -1 }
        pointer.copyMemory(from: scratch, byteCount: count * wanted)
        return 0
      },
      failure: { self.failure($0, $1, of: object) },
      libraryFailure: { self.libraryFailure($0, of: object) })
  }

  /// Reads a name from a function that gives its length, then fills a buffer.
  func readName(_ get: (UnsafeMutablePointer<CChar>?, Int) -> Int) throws -> String {
    let length = get(nil, 0)
    guard length >= 0 else { throw libraryFailure("cannot read a name") }
    var buffer = [CChar](repeating: 0, count: length + 1)
    _ = buffer.withUnsafeMutableBufferPointer { get($0.baseAddress, length + 1) }
    return String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
