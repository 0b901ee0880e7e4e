import CHDF5
import Foundation

// MARK: Strings

extension String: HDF5Element {
  /// `string`
  public static var hdf5Type: HDF5Type { .string }

  /// UTF-8 of variable length, as h5py writes `str`.
  public static func makeStoredType() -> HDF5TypeHandle {
    HDF5TypeHandle(variableLengthType(H5T_CSET_UTF8), isOwned: true)
  }

  private static func variableLengthType(_ characters: H5T_cset_t) -> hid_t {
    let type = H5Tcopy(chdf5_c_string())
    H5Tset_size(type, chdf5_variable())
    H5Tset_cset(type, characters)
    return type
  }

  /// Reads strings of fixed or variable length; throws where the bytes are not UTF-8.
  public static func read(_ transfer: HDF5Transfer) throws -> [String] {
    let stored = HDF5Type(of: transfer.storedType)
    guard stored == .string else {
      throw transfer.failure(.wrongType, "holds \(stored), not text")
    }
    guard transfer.count > 0 else { return [] }
    return H5Tis_variable_str(transfer.storedType) > 0
      ? try readVariableLength(transfer) : try readFixedLength(transfer)
  }

  private static func readVariableLength(_ transfer: HDF5Transfer) throws -> [String] {
    let characters = H5Tget_cset(transfer.storedType)
    let type = HDF5TypeHandle(variableLengthType(characters), isOwned: true)
    var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: transfer.count)
    let status = pointers.withUnsafeMutableBytes { bytes in
      bytes.baseAddress.map { transfer.move(type.id, $0, 0) } ?? -1
    }
    guard status >= 0 else { throw transfer.libraryFailure("cannot be read as text") }
    // libhdf5 allocates each string apart; H5free_memory is its own free.
    defer { for pointer in pointers { H5free_memory(pointer) } }
    return try pointers.enumerated().map { index, pointer in
      guard let pointer else { return "" }
      guard let text = String(validatingCString: pointer) else {
        throw transfer.failure(.wrongType, "string \(index) is not valid UTF-8")
      }
      return text
    }
  }

  private static func readFixedLength(_ transfer: HDF5Transfer) throws -> [String] {
    let width = H5Tget_size(transfer.storedType)
    let isSpacePadded = H5Tget_strpad(transfer.storedType) == H5T_STR_SPACEPAD
    var bytes = [UInt8](repeating: 0, count: width * transfer.count)
    let status = bytes.withUnsafeMutableBytes { buffer in
      buffer.baseAddress.map { transfer.move(transfer.storedType, $0, 0) } ?? -1
    }
    guard status >= 0 else { throw transfer.libraryFailure("cannot be read as text") }
    return try (0..<transfer.count).map { index in
      var field = bytes[(index * width)..<((index + 1) * width)]
      if let end = field.firstIndex(of: 0) { field = field[..<end] }
      if isSpacePadded { while field.last == 32 { field.removeLast() } }
      guard let text = String(validating: field, as: UTF8.self) else {
        throw transfer.failure(.wrongType, "string \(index) is not valid UTF-8")
      }
      return text
    }
  }

  /// Writes strings of variable length; throws for one with an embedded NUL, which cannot be kept.
  public static func write(_ values: [String], _ transfer: HDF5Transfer) throws {
    guard !values.isEmpty else { return }
    if let index = values.firstIndex(where: { $0.utf8.contains(0) }) {
      throw transfer.failure(.wrongType, "string \(index) has a NUL character")
    }
    let pointers: [UnsafeMutablePointer<CChar>?] = values.map { text in
      text.withCString { strdup($0) }
    }
    defer { for pointer in pointers { free(pointer) } }
    let type = makeStoredType()
    let status = pointers.withUnsafeBytes { bytes in
      bytes.baseAddress.map { transfer.move(type.id, UnsafeMutableRawPointer(mutating: $0), 0) }
        ?? -1
    }
    guard status >= 0 else { throw transfer.libraryFailure("cannot be written") }
  }
}

// MARK: Truth values

extension Bool: HDF5Element {
  /// `bool`
  public static var hdf5Type: HDF5Type { .boolean }

  /// The enumeration FALSE, TRUE of 8 bits, as h5py writes numpy's `bool`.
  public static func makeStoredType() -> HDF5TypeHandle {
    let type = H5Tenum_create(chdf5_int8())
    for (name, value) in [("FALSE", Int8(0)), ("TRUE", Int8(1))] {
      withUnsafePointer(to: value) { _ = H5Tenum_insert(type, name, $0) }
    }
    return HDF5TypeHandle(type, isOwned: true)
  }

  /// Reads truth values, or integers that are 0 or 1.
  public static func read(_ transfer: HDF5Transfer) throws -> [Bool] {
    try Int8.read(transfer).map { value in
      guard value == 0 || value == 1 else {
        throw transfer.failure(.wrongType, "\(value) is not a truth value (0 or 1)")
      }
      return value == 1
    }
  }

  /// Writes truth values.
  public static func write(_ values: [Bool], _ transfer: HDF5Transfer) throws {
    guard !values.isEmpty else { return }
    var bytes = values.map { Int8($0 ? 1 : 0) }
    let type = makeStoredType()
    let status = bytes.withUnsafeMutableBytes { buffer in
      buffer.baseAddress.map { transfer.move(type.id, $0, 0) } ?? -1
    }
    guard status >= 0 else { throw transfer.libraryFailure("cannot be written") }
  }
}
