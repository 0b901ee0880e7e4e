import CHDF5

/// What a dataset or an attribute holds.
public enum HDF5Type: Sendable, Equatable, CustomStringConvertible {
  /// An IEEE number of so many bits.
  case float(bits: Int)
  /// A whole number of so many bits.
  case integer(bits: Int, signed: Bool)
  /// A truth value, stored as h5py stores numpy's `bool`.
  case boolean
  /// Text, of fixed or variable length.
  case string
  /// Anything else (compound, opaque, reference, ...), by libhdf5's class name.
  case other(String)

  /// As numpy names it: `float32`, `uint8`, `bool`, `string`.
  public var description: String {
    switch self {
    case .float(let bits): "float\(bits)"
    case .integer(let bits, let signed): "\(signed ? "" : "u")int\(bits)"
    case .boolean: "bool"
    case .string: "string"
    case .other(let name): name
    }
  }

  /// Classifies a libhdf5 type.
  init(of type: hid_t) {
    let bits = 8 * H5Tget_size(type)
    switch H5Tget_class(type) {
    case H5T_FLOAT: self = .float(bits: bits)
    case H5T_INTEGER: self = .integer(bits: bits, signed: H5Tget_sign(type) == H5T_SGN_2)
    case H5T_STRING: self = .string
    case H5T_ENUM: self = bits == 8 && H5Tget_nmembers(type) == 2 ? .boolean : .other("enum")
    case H5T_COMPOUND: self = .other("compound")
    case H5T_OPAQUE: self = .other("opaque")
    case H5T_REFERENCE: self = .other("reference")
    case H5T_ARRAY: self = .other("array")
    case H5T_VLEN: self = .other("variable-length sequence")
    case H5T_BITFIELD: self = .other("bit field")
    default: self = .other("unknown type")
    }
  }

  var isNumeric: Bool {
    switch self {
    case .float, .integer, .boolean: true
    case .string, .other: false
    }
  }
}

/// A Swift type whose values datasets and attributes can hold.
///
/// The numbers of `HDF5Scalar`, `Bool` and `String` conform; nothing outside this module can.
public protocol HDF5Element: Sendable {
  /// The type it is stored as.
  static var hdf5Type: HDF5Type { get }
  /// Makes the libhdf5 type it is stored as.
  static func makeStoredType() -> HDF5TypeHandle
  /// Reads `transfer.count` values, converting from the stored type.
  static func read(_ transfer: HDF5Transfer) throws -> [Self]
  /// Writes `values`.
  static func write(_ values: [Self], _ transfer: HDF5Transfer) throws
}

/// A number that a file stores as the machine does; every other stored number converts to it.
///
/// Reading an integer type from a stored number that does not fit (too large, or with a
/// fraction) throws; a floating-point type rounds.
public protocol HDF5Scalar: HDF5Element, Numeric {
  /// Makes zero-filled storage; every bit pattern is a value.
  init()
}

/// A libhdf5 type, closed with its last reference unless it is one of the library's own.
public final class HDF5TypeHandle {
  let id: hid_t
  private let isOwned: Bool

  init(_ id: hid_t, isOwned: Bool) {
    self.id = id
    self.isOwned = isOwned
  }

  deinit {
    if isOwned { _ = Library.locked { H5Tclose(id) } }
  }
}

/// One movement of values between memory and a dataset or an attribute.
public struct HDF5Transfer {
  /// Number of values.
  let count: Int
  /// The type in the file.
  let storedType: hid_t
  /// Moves the values, which lie at the pointer as the type given (third: transfer properties).
  let move: (hid_t, UnsafeMutableRawPointer, hid_t) -> herr_t
  /// Makes an error about the object.
  let failure: (HDF5Error.Kind, String) -> HDF5Error
  /// Makes an error from the library's error stack.
  let libraryFailure: (String) -> HDF5Error
}

// MARK: Numbers

extension HDF5Scalar {
  /// The machine's own type.
  public static func makeStoredType() -> HDF5TypeHandle {
    HDF5TypeHandle(nativeID, isOwned: false)
  }

  static var nativeID: hid_t {
    switch hdf5Type {
    case .float(bits: 32): chdf5_float32()
    case .float(bits: 64): chdf5_float64()
    case .integer(bits: 8, signed: true): chdf5_int8()
    case .integer(bits: 16, signed: true): chdf5_int16()
    case .integer(bits: 32, signed: true): chdf5_int32()
    case .integer(bits: 64, signed: true): chdf5_int64()
    case .integer(bits: 8, signed: false): chdf5_uint8()
    case .integer(bits: 16, signed: false): chdf5_uint16()
    case .integer(bits: 32, signed: false): chdf5_uint32()
    case .integer(bits: 64, signed: false): chdf5_uint64()
    default: preconditionFailure("\(Self.self) has no HDF5 type")
    }
  }

  /// Reads numbers of any stored type.
  public static func read(_ transfer: HDF5Transfer) throws -> [Self] {
    try [Self](unsafeUninitializedCapacity: transfer.count) { buffer, filled in
      try read(transfer, into: UnsafeMutableBufferPointer(rebasing: buffer[..<transfer.count]))
      filled = transfer.count
    }
  }

  /// Reads numbers of any stored type to `buffer`.
  static func read(_ transfer: HDF5Transfer, into buffer: UnsafeMutableBufferPointer<Self>) throws {
    let stored = HDF5Type(of: transfer.storedType)
    guard stored.isNumeric else {
      throw transfer.failure(.wrongType, "holds \(stored), not \(hdf5Type)")
    }
    guard transfer.count > 0, let base = buffer.baseAddress else { return }
    var isStrict = false
    if case .integer = hdf5Type { isStrict = true }
    try transfer.withProperties(isStrict: isStrict) { properties in
      guard transfer.move(nativeID, base, properties) >= 0 else {
        let error = transfer.libraryFailure("cannot be read as \(hdf5Type)")
        guard isStrict, error.message.contains("can't handle conversion exception") else {
          throw error
        }
        throw transfer.failure(.wrongType, "a stored \(stored) does not fit \(hdf5Type)")
      }
    }
  }

  /// Writes numbers.
  public static func write(_ values: [Self], _ transfer: HDF5Transfer) throws {
    try values.withUnsafeBufferPointer { try write($0, transfer) }
  }

  static func write(_ values: UnsafeBufferPointer<Self>, _ transfer: HDF5Transfer) throws {
    guard values.count > 0, let base = values.baseAddress else { return }
    guard transfer.move(nativeID, UnsafeMutableRawPointer(mutating: base), 0) >= 0 else {
      throw transfer.libraryFailure("cannot be written")
    }
  }
}

extension HDF5Transfer {
  /// Runs `body` with transfer properties; strict ones refuse a number that would be clipped.
  fileprivate func withProperties(isStrict: Bool, _ body: (hid_t) throws -> Void) throws {
    guard isStrict else { return try body(0) }
    let properties = H5Pcreate(chdf5_dataset_transfer())
    func failed() -> HDF5Error { libraryFailure("cannot be read") }
    try withHandle(properties, closedBy: H5Pclose, orThrow: failed) { properties in
      let refuse: H5T_conv_except_func_t = { _, _, _, _, _, _ in H5T_CONV_ABORT }
      H5Pset_type_conv_cb(properties, refuse, nil)
      try body(properties)
    }
  }
}

extension Float: HDF5Scalar {
  /// `float32`
  public static var hdf5Type: HDF5Type { .float(bits: 32) }
}
extension Double: HDF5Scalar {
  /// `float64`
  public static var hdf5Type: HDF5Type { .float(bits: 64) }
}
extension HDF5Scalar where Self: FixedWidthInteger {
  /// The integer type of the same width and sign.
  public static var hdf5Type: HDF5Type { .integer(bits: bitWidth, signed: isSigned) }
}
extension Int: HDF5Scalar {}
extension Int8: HDF5Scalar {}
extension Int16: HDF5Scalar {}
extension Int32: HDF5Scalar {}
extension Int64: HDF5Scalar {}
extension UInt8: HDF5Scalar {}
extension UInt16: HDF5Scalar {}
extension UInt32: HDF5Scalar {}
extension UInt64: HDF5Scalar {}
