import HDF5
import Torch

extension HDF5Group {
  /// Writes tensors to a group of their own, by name.
  ///
  /// They go piece by piece, so that no second copy of a large one is held.
  func write(_ tensors: [String: Tensor], _ name: String) throws {
    let group = try createGroup(name)
    for (name, tensor) in tensors {
      let dataset = try group.createDataset(name, as: Float.self, shape: tensor.shape)
      for rows in pieces(of: tensor.shape) {
        let piece = rows.map { tensor.narrowed(0, start: $0.lowerBound, length: $0.count) }
        let values = (piece ?? tensor).array(of: Float.self)
        if let rows { try dataset.write(values, rows: rows) } else { try dataset.write(values) }
      }
    }
  }

  /// Reads the tensors of a group by name, piece by piece.
  func tensors(_ name: String) throws -> [String: Tensor] {
    let group = try group(name)
    return try Dictionary(
      uniqueKeysWithValues: group.children().map { name in
        let dataset = try group.dataset(name)
        let shape = try dataset.shape
        let tensor = Tensor.zeros(shape)
        for rows in pieces(of: shape) {
          guard let rows else {
            tensor.copy(inPlace: Tensor(try dataset.read(as: Float.self), shape: shape))
            continue
          }
          tensor.narrowed(0, start: rows.lowerBound, length: rows.count).copy(
            inPlace: Tensor(
              try dataset.read(as: Float.self, rows: rows), shape: [rows.count] + shape.dropFirst())
          )
        }
        return (name, tensor)
      })
  }
}

/// The rows of a tensor of that shape in pieces of a few megabytes; nil is the whole of a scalar.
private func pieces(of shape: [Int]) -> [Range<Int>?] {
  guard let count = shape.first else { return [nil] }
  let rows = max(1, (1 << 20) / max(1, shape.dropFirst().reduce(1, *)))
  return stride(from: 0, to: count, by: rows).map { $0..<min(count, $0 + rows) }
}
