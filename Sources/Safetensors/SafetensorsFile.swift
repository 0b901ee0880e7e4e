import Foundation
import Torch

/// Tensors by name in the safetensors format (huggingface/safetensors): the length of a JSON header as
/// eight bytes, the header, then the tensors' bytes one after another, little-endian and row-major.
public struct SafetensorsFile: Sendable {
  /// The tensors, all of them as float32.
  public let tensors: [String: Tensor]
  /// Free text by name.
  public let metadata: [String: String]

  /// Reads the file at `path`: F64, F32, F16 and BF16.
  ///
  /// - Throws: ``SafetensorsError`` when it cannot be read or is not what the format says; `TorchError` for
  ///   want of memory.
  public init(reading path: String) throws {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
    } catch {
      throw SafetensorsError(file: path, problem: "it cannot be read", isBadInput: false)
    }
    let header = try SafetensorsHeader(data, file: path)
    metadata = header.metadata
    tensors = try withError {
      header.entries.mapValues { entry in
        Tensor(
          entry.floats(in: data, from: header.start), shape: entry.shape)
      }
    }
  }

  /// Gives the file's bytes to `write`, piece by piece: the header, then each tensor as float32, in the order
  /// of their names. The same content gives the same bytes.
  ///
  /// - Throws: what `write` throws.
  public static func encode(
    _ tensors: [String: Tensor], metadata: [String: String], write: ([UInt8]) throws -> Void
  ) throws {
    let ordered = tensors.sorted { $0.key < $1.key }
    var entries: [String: SafetensorsHeader.Entry] = [:]
    var end = 0
    for (name, tensor) in ordered {
      let begin = end
      end += 4 * tensor.count
      entries[name] = .init(dtype: .f32, shape: tensor.shape, begin: begin, end: end)
    }
    try write(SafetensorsHeader.bytes(entries: entries, metadata: metadata))
    for (_, tensor) in ordered {
      let values = try withError { tensor.array(of: Float.self) }
      try write(values.withUnsafeBytes { Array($0) })
    }
  }
}
