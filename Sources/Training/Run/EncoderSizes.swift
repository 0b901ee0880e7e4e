import Torch

/// The sizes of an encoder as the shapes of its parameters tell them.
struct EncoderSizes {
  /// What each size is called, in the order of the experiment file, and how large it is.
  private let sizes: [(name: String, value: Int)]

  /// The sizes of the encoder among `parameters`, by our names.
  init(_ parameters: [String: Tensor]) {
    func axis(_ name: String, _ axis: Int) -> Int? {
      guard let shape = parameters["encoder.\(name)"]?.shape, shape.indices.contains(axis) else {
        return nil
      }
      return shape[axis]
    }
    let blocks = Set(
      parameters.keys.compactMap { name -> Substring? in
        let parts = name.split(separator: ".")
        return name.hasPrefix("encoder.blocks.") && parts.count > 2 ? parts[2] : nil
      })
    sizes = [
      ("model.layers", blocks.count), ("model.dim", axis("embeddings.token.weight", 1)),
      ("model.heads × model.head_dim", axis("blocks.0.attention.query.weight", 0)),
      ("model.feed_forward", axis("blocks.0.feedForwardInner.weight", 0)),
      ("data.padded_length", axis("embeddings.position.weight", 0)),
      ("words of the vocabulary", axis("embeddings.token.weight", 0)),
    ].compactMap { name, value in value.map { (name, $0) } }
  }

  /// `checkpoint: 2 layers of dim 128; this run: 4 of 256`: the sizes that differ, nil if none does.
  func differences(from run: EncoderSizes) -> String? {
    let pairs = sizes.compactMap { size in
      run.sizes.first { $0.name == size.name }.map { (size.name, size.value, $0.value) }
    }
    let other = pairs.filter { $0.1 != $0.2 }
    guard !other.isEmpty else { return nil }
    func words(_ value: ((String, Int, Int)) -> Int) -> String {
      other.map { "\($0.0) \(value($0))" }.joined(separator: ", ")
    }
    return "checkpoint: \(words { $0.1 }); this run: \(words { $0.2 })"
  }
}
