import CTorch

/// The types of elements a tensor can have.
public enum DType: String, Sendable, CaseIterable {
  case float32, float64, int64, int32, uint8, bool, int16, bfloat16

  var raw: ct_dtype { ct_dtype(UInt32(Self.allCases.firstIndex(of: self)!)) }

  init(raw: ct_dtype) { self = Self.allCases[Int(raw.rawValue)] }

  /// Whether gradients exist for this type.
  public var isFloatingPoint: Bool { self == .float32 || self == .float64 || self == .bfloat16 }
}

/// Swift types whose arrays become tensors.
public protocol TensorElement: Sendable {
  /// The element type of a tensor made of these.
  static var dtype: DType { get }
}

extension Float: TensorElement {
  /// 32-bit floating point.
  public static var dtype: DType { .float32 }
}

extension Double: TensorElement {
  /// 64-bit floating point.
  public static var dtype: DType { .float64 }
}

extension Int64: TensorElement {
  /// 64-bit integers, libtorch's index type.
  public static var dtype: DType { .int64 }
}

extension Int: TensorElement {
  /// 64-bit integers, libtorch's index type.
  public static var dtype: DType { .int64 }
}

extension Int32: TensorElement {
  /// 32-bit integers.
  public static var dtype: DType { .int32 }
}

extension UInt8: TensorElement {
  /// Bytes.
  public static var dtype: DType { .uint8 }
}

/// Where a tensor lives: `cpu`, `cuda`, `cuda:1`.
public struct Device: Hashable, Sendable {
  /// libtorch's name of the device.
  public let name: String

  /// A device by libtorch's name.
  public init(name: String) { self.name = name }

  /// The host.
  public static let cpu = Device(name: "cpu")

  /// Whether kernels of the host can read the tensor's memory.
  public var isCPU: Bool { name == "cpu" }
}
