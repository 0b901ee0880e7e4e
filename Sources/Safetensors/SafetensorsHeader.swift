import Foundation

/// The header of a safetensors file, read and checked.
struct SafetensorsHeader {
  /// Types of elements that become float32.
  enum DType: String {
    case f64 = "F64"
    case f32 = "F32"
    case f16 = "F16"
    case bf16 = "BF16"

    var bytes: Int {
      switch self {
      case .f64: 8
      case .f32: 4
      case .f16, .bf16: 2
      }
    }
  }

  /// One tensor: its bytes are `begin..<end` after the header.
  struct Entry {
    var dtype: DType
    var shape: [Int]
    var begin: Int
    var end: Int
  }

  let entries: [String: Entry]
  let metadata: [String: String]
  /// Where the tensors' bytes begin in the file.
  let start: Int

  /// The format's own bound.
  private static let maximumBytes = 100_000_000

  /// - Throws: ``SafetensorsError`` for anything that the format does not allow.
  init(_ data: Data, file: String) throws {
    func bad(_ problem: String) -> SafetensorsError {
      SafetensorsError(file: file, problem: problem, isBadInput: true)
    }
    guard data.count >= 8 else { throw bad("this is no safetensors file: it has no header") }
    let length = data.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    guard length <= UInt64(min(data.count - 8, Self.maximumBytes)) else {
      throw bad(
        "this is no safetensors file, or it was cut short: its header would be \(length) bytes")
    }
    start = 8 + Int(length)
    let json = data.subdata(in: 8..<start)
    guard let table = try? JSONDecoder().decode(SafetensorsTable.self, from: json) else {
      throw bad("this is no safetensors file: its header is no JSON object")
    }
    metadata = table.metadata
    let size = data.count - start
    entries = try table.tensors.mapValues { row in
      guard let dtype = row.dtype, let shape = row.shape, shape.allSatisfy({ $0 >= 0 }),
        let offsets = row.offsets, offsets.count == 2
      else { throw bad("its header describes a tensor without dtype, shape or data_offsets") }
      guard let type = DType(rawValue: dtype) else {
        throw bad("it has a tensor of type \(dtype); this program reads F64, F32, F16 and BF16")
      }
      let (begin, end) = (offsets[0], offsets[1])
      guard begin >= 0, begin <= end, end <= size, Self.bytes(shape, type) == end - begin else {
        throw bad(
          "its header and its \(size) bytes of tensors contradict each other; it may be cut short")
      }
      return Entry(dtype: type, shape: shape, begin: begin, end: end)
    }
    // Every byte belongs to one tensor.
    var place = 0
    for entry in entries.values.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
      guard entry.begin == place else { throw bad("its tensors overlap, or leave gaps") }
      place = entry.end
    }
    guard place == size else { throw bad("it has \(size - place) bytes that belong to no tensor") }
  }

  private static func bytes(_ shape: [Int], _ type: DType) -> Int? {
    var bytes = type.bytes
    for size in shape {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: size)
      if overflow { return nil }
      bytes = product
    }
    return bytes
  }

  /// Length and header as they begin a file, padded so that tensors begin at a multiple of eight.
  static func bytes(entries: [String: Entry], metadata: [String: String]) -> [UInt8] {
    let table = SafetensorsTable(
      metadata: metadata,
      tensors: entries.mapValues {
        .init(dtype: $0.dtype.rawValue, shape: $0.shape, offsets: [$0.begin, $0.end])
      })
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let json = try? encoder.encode(table) else {
      preconditionFailure("names and numbers are always JSON")
    }
    let padding = [UInt8](repeating: UInt8(ascii: " "), count: (8 - json.count % 8) % 8)
    let length = UInt64(json.count + padding.count).littleEndian
    return withUnsafeBytes(of: length) { Array($0) } + json + padding
  }
}

/// The header's JSON object: `__metadata__`, and a row for each tensor by its name.
private struct SafetensorsTable: Codable {
  struct Row: Codable {
    var dtype: String?
    var shape: [Int]?
    var offsets: [Int]?

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }
  }

  /// Any name.
  struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }

    static let metadata = Key(stringValue: "__metadata__")
  }

  var metadata: [String: String] = [:]
  var tensors: [String: Row] = [:]

  init(metadata: [String: String], tensors: [String: Row]) {
    self.metadata = metadata
    self.tensors = tensors
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    for key in container.allKeys {
      if key.stringValue == Key.metadata.stringValue {
        metadata = try container.decode([String: String].self, forKey: key)
      } else {
        tensors[key.stringValue] = try container.decode(Row.self, forKey: key)
      }
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    if !metadata.isEmpty { try container.encode(metadata, forKey: .metadata) }
    for (name, row) in tensors { try container.encode(row, forKey: Key(stringValue: name)) }
  }
}

extension SafetensorsHeader.Entry {
  /// The tensor's elements.
  func floats(in data: Data, from start: Int) -> [Float] {
    let count = (end - begin) / dtype.bytes
    return data.withUnsafeBytes { bytes in
      let own = UnsafeRawBufferPointer(rebasing: bytes[start + begin..<start + end])
      func bits<Bits: FixedWidthInteger>(_ index: Int, _ type: Bits.Type) -> Bits {
        Bits(
          littleEndian: own.loadUnaligned(
            fromByteOffset: index * MemoryLayout<Bits>.size, as: Bits.self))
      }
      return [Float](unsafeUninitializedCapacity: count) { floats, used in
        for index in 0..<count {
          let value =
            switch dtype {
            case .f64: Float(Double(bitPattern: bits(index, UInt64.self)))
            case .f32: Float(bitPattern: bits(index, UInt32.self))
            case .f16: Float(Float16(bitPattern: bits(index, UInt16.self)))
            case .bf16: Float(bitPattern: UInt32(bits(index, UInt16.self)) << 16)
            }
          floats.initializeElement(at: index, to: value)
        }
        used = count
      }
    }
  }
}
