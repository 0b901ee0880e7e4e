import CTorch

/// An n-dimensional array of libtorch: one handle, shared by copies of this value.
///
/// Unchecked: a handle never changes, and libtorch counts references and reads elements in a thread-safe way;
/// what writes elements (`add(inPlace:)`, `copy(inPlace:)`) has the tensor to itself.
///
/// Operators do not throw one by one. A failure (a wrong shape, no memory) traps with libtorch's
/// message, unless it happens inside ``withError(_:)``, which turns it into a Swift error.
public struct Tensor: @unchecked Sendable {
  /// Owns the handle. Unchecked: it never changes, and libtorch's tensors are counted references that threads
  /// may share.
  final class Handle: @unchecked Sendable {
    let raw: OpaquePointer

    init(_ raw: OpaquePointer) { self.raw = raw }

    deinit { ct_free(raw) }
  }

  let handle: Handle

  /// The opaque `ct_tensor` behind this value, for C functions of other targets; valid while the
  /// tensor lives.
  public var raw: OpaquePointer { handle.raw }

  /// Takes over a handle that a C function has handed out.
  public init(owning raw: OpaquePointer) { handle = Handle(raw) }

  /// Runs a C call that gives one tensor; a failure is recorded or traps.
  @inline(__always)
  public static func make(_ call: (inout OpaquePointer?) -> ct_status) -> Tensor {
    var result: OpaquePointer?
    let status = call(&result)
    guard status == CT_OK, let result else { return failed(status) }
    return Tensor(owning: result)
  }

  /// The stand-in for a result after a failure inside ``withError(_:)``; traps outside of it.
  static func failed(_ status: ct_status = CT_ERROR) -> Tensor {
    check(status == CT_OK ? CT_ERROR : status)
    return undefined
  }

  /// A tensor without elements, shape or type: libtorch's sign for a gradient that does not exist.
  public static var undefined: Tensor {
    var undefined: OpaquePointer?
    ct_undefined(&undefined)
    return Tensor(owning: undefined!)
  }

  /// Whether a call succeeded; traps on a failure unless an error scope has recorded it.
  @discardableResult
  public static func check(_ status: ct_status) -> Bool {
    guard status != CT_OK else { return true }
    guard ct_scope_depth() > 0 else { fatalError(TorchError.last(status).description) }
    return false
  }
}

// MARK: - Creation

extension Tensor {
  /// A tensor with the elements of `values`, row-major, of the given shape.
  public init<Element: TensorElement>(
    _ values: [Element], shape: [Int]? = nil, device: Device = .cpu
  ) {
    let shape = shape ?? [values.count]
    precondition(
      values.count == shape.reduce(1, *), "\(values.count) values do not fill shape \(shape)")
    let host = Tensor.make { out in
      shape.withSizes { sizes, rank in
        values.withUnsafeBytes { bytes in
          ct_from_data(bytes.baseAddress, Element.dtype.raw, sizes, rank, &out)
        }
      }
    }
    self = device == .cpu ? host : host.to(device)
  }

  /// A tensor filled with one value.
  public static func full(
    _ shape: [Int], _ value: Double, dtype: DType = .float32, device: Device = .cpu
  ) -> Tensor {
    let place = Elements.exist ? device.name : "meta"
    return make { out in
      shape.withSizes { ct_full($0, $1, value, dtype.raw, place, &out) }
    }
  }

  /// A tensor of zeros.
  public static func zeros(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) -> Tensor
  {
    full(shape, 0, dtype: dtype, device: device)
  }

  /// A tensor of ones.
  public static func ones(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) -> Tensor
  {
    full(shape, 1, dtype: dtype, device: device)
  }

  /// `[0, 1, …, count - 1]`.
  public static func arange(_ count: Int, dtype: DType = .int64, device: Device = .cpu) -> Tensor {
    make { ct_arange(0, Double(count), 1, dtype.raw, device.name, &$0) }
  }

  /// The identity matrix `[n, n]`.
  public static func eye(_ n: Int, dtype: DType = .float32, device: Device = .cpu) -> Tensor {
    make { ct_eye(Int64(n), dtype.raw, device.name, &$0) }
  }
}

// MARK: - Inspection

extension Tensor {
  /// The number of dimensions.
  public var rank: Int { Int(ct_rank(raw)) }

  /// The size of each dimension.
  public var shape: [Int] { (0..<rank).map { Int(ct_size(raw, Int32($0))) } }

  /// The number of elements.
  public var count: Int { Int(ct_count(raw)) }

  /// False for a gradient that does not exist, and for results after a failure in ``withError(_:)``.
  public var isDefined: Bool { ct_is_defined(raw) != 0 }

  /// The size of one dimension; negative numbers count from the last.
  public func size(_ dimension: Int) -> Int {
    let rank = rank
    guard isDefined else { return 0 }
    let index = dimension < 0 ? rank + dimension : dimension
    precondition(index >= 0 && index < rank, "no dimension \(dimension) in shape \(shape)")
    return Int(ct_size(raw, Int32(index)))
  }

  /// The type of the elements.
  public var dtype: DType {
    var type = CT_FLOAT32
    Self.check(ct_dtype_of(raw, &type))
    return DType(raw: type)
  }

  /// Where the elements are.
  public var device: Device {
    var name = [CChar](repeating: 0, count: 32)
    Self.check(ct_device_of(raw, &name, Int32(name.count)))
    let end = name.firstIndex(of: 0) ?? name.count
    return Device(name: String(decoding: name[..<end].map(UInt8.init(bitPattern:)), as: UTF8.self))
  }

  /// The single element of a one-element tensor.
  public var item: Double {
    var value = 0.0
    Self.check(ct_item(raw, &value))
    return value
  }

  /// All elements in row-major order, converted to `Element`.
  public func array<Element: TensorElement>(of type: Element.Type = Float.self) -> [Element] {
    let count = count
    return [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      Self.check(ct_copy_out(raw, Element.dtype.raw, buffer.baseAddress, Int64(count)))
      initialized = count
    }
  }
}

extension Tensor: CustomStringConvertible {
  /// Shape, type and, for small tensors, the elements.
  public var description: String {
    guard isDefined else { return "Tensor(undefined)" }
    let head = "Tensor(\(shape), \(dtype), \(device.name))"
    return count > 32 ? head : "\(head) \(array(of: Double.self))"
  }
}

extension [Int] {
  /// Calls `body` with the sizes as libtorch takes them.
  @inline(__always)
  func withSizes<Result>(_ body: (UnsafePointer<Int64>?, Int32) -> Result) -> Result {
    withUnsafeBufferPointer { ints in
      ints.withMemoryRebound(to: Int64.self) { body($0.baseAddress, Int32($0.count)) }
    }
  }
}
