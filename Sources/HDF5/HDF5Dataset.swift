import CHDF5

/// How a dataset lies in the file.
public enum HDF5Storage: Sendable, Equatable {
  /// In one piece; its shape is fixed.
  case contiguous
  /// In chunks of so many rows; it can grow along its first axis.
  ///
  /// `deflate` is zlib's level 1 ... 9, nil for no compression; `shuffle` groups bytes by
  /// significance first, which helps numbers to compress.
  case chunked(rows: Int, deflate: Int? = nil, shuffle: Bool = false)
}

/// An n-dimensional array in a file, in row-major order.
///
/// A row is one index of the first axis. A scalar has shape `[]` and counts as one row. Unchecked, as
/// ``HDF5Object`` says: nothing of it changes but under the lock.
public final class HDF5Dataset: HDF5Object, @unchecked Sendable {
  /// Lengths of the axes.
  public var shape: [Int] {
    get throws { try withSpace { try dimensions(of: $0).current } }
  }

  /// Number of values.
  public var count: Int {
    get throws { try withSpace { Int(max(0, H5Sget_simple_extent_npoints($0))) } }
  }

  /// What it holds.
  public var type: HDF5Type {
    get throws { try withType { HDF5Type(of: $0) } }
  }

  /// Whether rows can be appended.
  public var isExtendible: Bool {
    get throws {
      try withSpace { try dimensions(of: $0).maximum.first == chdf5_unlimited() }
    }
  }

  /// Throws `elsewhere` when the values lie in other files.
  func checkValuesAreHere() throws {
    let properties = H5Dget_create_plist(id)
    func failed() -> HDF5Error { libraryFailure("has no properties") }
    try withHandle(properties, closedBy: H5Pclose, orThrow: failed) { properties in
      guard H5Pget_layout(properties) != H5D_VIRTUAL, H5Pget_external_count(properties) == 0 else {
        throw failure(.elsewhere, "its values lie in other files, which are not read")
      }
    }
  }

  // MARK: Reading

  /// Reads all values.
  public func read<Value: HDF5Element>(as type: Value.Type = Value.self) throws -> [Value] {
    try withTransfer(rows: nil) { try Value.read($0) }
  }

  /// Reads the values of some rows; throws `wrongShape` when they reach past the end.
  public func read<Value: HDF5Element>(
    as type: Value.Type = Value.self, rows: Range<Int>
  ) throws -> [Value] {
    try withTransfer(rows: rows) { try Value.read($0) }
  }

  /// Reads the only value of a scalar or of an array of one.
  public func readScalar<Value: HDF5Element>(as type: Value.Type = Value.self) throws -> Value {
    let values = try read(as: type)
    guard values.count == 1 else {
      throw failure(.wrongShape, "holds \(values.count) values, not one")
    }
    return values[0]
  }

  /// Reads numbers to memory of the caller, which must be exactly as long; `rows` nil is all.
  public func read<Value: HDF5Scalar>(
    into buffer: UnsafeMutableBufferPointer<Value>, rows: Range<Int>? = nil
  ) throws {
    try withTransfer(rows: rows) { transfer in
      guard transfer.count == buffer.count else {
        throw failure(
          .wrongShape, "has \(transfer.count) values to read, not \(buffer.count)")
      }
      try Value.read(transfer, into: buffer)
    }
  }

  // MARK: Writing

  /// Writes all values.
  public func write<Value: HDF5Element>(_ values: [Value]) throws {
    try write(values, rows: nil)
  }

  /// Writes the values of some rows.
  public func write<Value: HDF5Element>(_ values: [Value], rows: Range<Int>) throws {
    try write(values, rows: Optional(rows))
  }

  private func write<Value: HDF5Element>(_ values: [Value], rows: Range<Int>?) throws {
    try withTransfer(rows: rows, isWriting: true) { transfer in
      try checkCount(values.count, transfer)
      try Value.write(values, transfer)
    }
  }

  /// Writes numbers from memory of the caller; `rows` nil is all.
  public func write<Value: HDF5Scalar>(
    from buffer: UnsafeBufferPointer<Value>, rows: Range<Int>? = nil
  ) throws {
    try withTransfer(rows: rows, isWriting: true) { transfer in
      try checkCount(buffer.count, transfer)
      try Value.write(buffer, transfer)
    }
  }

  /// Adds rows at the end of a chunked dataset; `values` are whole rows.
  public func append<Value: HDF5Element>(_ values: [Value]) throws {
    try Library.locked {
      let rows = try extend(byValues: values.count)
      try write(values, rows: rows)
    }
  }

  /// Adds rows from memory of the caller at the end of a chunked dataset.
  public func append<Value: HDF5Scalar>(from buffer: UnsafeBufferPointer<Value>) throws {
    try Library.locked {
      let rows = try extend(byValues: buffer.count)
      try write(from: buffer, rows: rows)
    }
  }

  private func checkCount(_ count: Int, _ transfer: HDF5Transfer) throws {
    guard count == transfer.count else {
      throw failure(.wrongShape, "takes \(transfer.count) values here, not \(count)")
    }
  }

  /// Makes room for values at the end; gives the new rows.
  private func extend(byValues count: Int) throws -> Range<Int> {
    guard try isExtendible else { throw failure(.wrongShape, "cannot grow: it is not chunked") }
    var shape = try shape
    let rowSize = shape.dropFirst().reduce(1, *)
    guard rowSize > 0, count % rowSize == 0 else {
      throw failure(.wrongShape, "\(count) values are not whole rows of \(rowSize)")
    }
    let rows = shape[0]..<(shape[0] + count / rowSize)
    shape[0] = rows.upperBound
    guard H5Dset_extent(id, shape.map { hsize_t($0) }) >= 0 else {
      throw libraryFailure("cannot grow")
    }
    return rows
  }

  // MARK: Spaces and types

  private func withSpace<Result>(_ body: (hid_t) throws -> Result) throws -> Result {
    try Library.locked {
      try checkOpen()
      return try withHandle(
        H5Dget_space(id), closedBy: H5Sclose, orThrow: { libraryFailure("has no shape") }, body)
    }
  }

  private func withType<Result>(_ body: (hid_t) throws -> Result) throws -> Result {
    try Library.locked {
      try checkOpen()
      return try withHandle(
        H5Dget_type(id), closedBy: H5Tclose, orThrow: { libraryFailure("has no type") }, body)
    }
  }

  private func dimensions(of space: hid_t) throws -> (current: [Int], maximum: [hsize_t]) {
    switch H5Sget_simple_extent_type(space) {
    case H5S_NULL: return ([0], [0])
    case H5S_SCALAR: return ([], [])
    default: break
    }
    let rank = Int(H5Sget_simple_extent_ndims(space))
    guard rank >= 0 else { throw libraryFailure("has no shape") }
    var current = [hsize_t](repeating: 0, count: rank)
    var maximum = current
    guard H5Sget_simple_extent_dims(space, &current, &maximum) >= 0 else {
      throw libraryFailure("has no shape")
    }
    return (try current.map { try checkedLength($0) }, maximum)
  }

  private func checkedLength(_ length: hsize_t) throws -> Int {
    guard let length = Int(exactly: length) else { throw impossibleSize() }
    return length
  }

  private func impossibleSize() -> HDF5Error {
    failure(.damaged, "claims more values than the file can hold")
  }

  /// The product of `shape`; throws where a damaged file asks for more memory than it can fill.
  private func checkedCount(_ shape: [Int], _ type: hid_t) throws -> Int {
    var count = 1
    for length in shape {
      let (product, overflows) = count.multipliedReportingOverflow(by: length)
      guard !overflows else { throw impossibleSize() }
      count = product
    }
    var fileSize: hsize_t = 0
    guard H5Fget_filesize(session.id, &fileSize) >= 0 else {
      throw libraryFailure("has no size")
    }
    // Deflate packs at most 1032 to 1; what was never written takes no room.
    let limit = (Double(fileSize) * 1032 + 0x1p32) / Double(max(1, H5Tget_size(type)))
    guard Double(count) <= limit else { throw impossibleSize() }
    return count
  }

  /// Selects rows of the file (nil: all) for `body`.
  private func withTransfer<Result>(
    rows: Range<Int>?, isWriting: Bool = false, _ body: (HDF5Transfer) throws -> Result
  ) throws -> Result {
    try withSpace { space in
      let shape = try dimensions(of: space).current
      let all = try withType { try checkedCount(shape, $0) }
      let selected = rows ?? 0..<(shape.first ?? 1)
      guard selected.lowerBound >= 0, selected.upperBound <= shape.first ?? 1 else {
        throw failure(.wrongShape, "has \(shape.first ?? 1) rows; asked for \(selected)")
      }
      let count =
        shape.isEmpty ? selected.count : all / max(1, shape[0]) * selected.count
      if !shape.isEmpty, count > 0, rows != nil {
        let start = [hsize_t(selected.lowerBound)] + shape.dropFirst().map { _ in hsize_t(0) }
        let extent = [hsize_t(selected.count)] + shape.dropFirst().map { hsize_t($0) }
        guard H5Sselect_hyperslab(space, H5S_SELECT_SET, start, nil, extent, nil) >= 0 else {
          throw libraryFailure("cannot select rows \(selected)")
        }
      }
      let inMemory =
        shape.isEmpty ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, [hsize_t(count)], nil)
      return try withHandle(
        inMemory, closedBy: H5Sclose, orThrow: { libraryFailure("cannot make a space") }
      ) { memory in
        try withType { type in
          let result = try body(
            HDF5Transfer(
              count: count, storedType: type,
              move: { memoryType, pointer, properties in
                isWriting
                  ? H5Dwrite(self.id, memoryType, memory, space, properties, pointer)
                  : H5Dread(self.id, memoryType, memory, space, properties, pointer)
              },
              failure: { self.failure($0, $1) },
              libraryFailure: { self.libraryFailure($0) }))
          try session.checkWritten()
          return result
        }
      }
    }
  }
}
