/// Names of parameters in the published code, by ours.
///
/// Ours follow the modules' properties; the published ones are those of its PyTorch modules.
enum PublishedNames {
  /// Pieces of our paths and what the published code calls them; longer paths come first.
  private static let pieces: [(ours: String, published: String)] = [
    // Mechanisms
    ("mechanism.clusters", "attn.clusters"),
    ("mechanism.hidden", "attn.proj.0"),
    ("mechanism.output", "attn.proj.2"),
    ("mechanism.positionProjection", "attn.E"),
    ("mechanism.randomFeatures", "attn.attn_fn.projection_matrix"),
    ("mechanism.convolution", "attn.conv"),
    ("mechanism.sharedQueriesKeys", "attn.toqk"),
    ("mechanism.values", "attn.tov"),
    ("mechanism.mixed", "attn.to_out"),
    // The attention block
    ("query", "W_q"),
    ("key", "W_k"),
    ("value", "W_v"),
    ("output", "ff"),
    // The encoder
    ("encoder.embeddings.token", "model.embeddings.word_embeddings"),
    ("encoder.embeddings.position", "model.embeddings.position_embeddings"),
    ("encoder.norm", "model.norm"),
    ("attentionNorm", "norm1"),
    ("feedForwardNorm", "norm2"),
    ("feedForwardInner", "mlpblock.0"),
    ("feedForwardOuter", "mlpblock.3"),
    // The head
    ("head.inner", "seq_classifer.mlpblock.0"),
    ("head.outer", "seq_classifer.mlpblock.2"),
  ]

  /// The published name of a parameter of ``AttentionBlock``.
  static func attentionBlock(_ ours: String) -> String {
    for (piece, published) in pieces where ours == piece || ours.hasPrefix(piece + ".") {
      return published + ours.dropFirst(piece.count)
    }
    return ours
  }

  /// The published name of a parameter of a whole model.
  static func model(_ ours: String) -> String {
    let blocks = "encoder.blocks."
    guard ours.hasPrefix(blocks) else { return attentionBlock(ours) }
    let parts = ours.dropFirst(blocks.count).split(separator: ".", maxSplits: 1)
    let (layer, inside) = (parts[0], String(parts[1]))
    let attention = "attention."
    let name =
      inside.hasPrefix(attention)
      ? "mha." + attentionBlock(String(inside.dropFirst(attention.count)))
      : attentionBlock(inside)
    return "model.transformer_\(layer).\(name)"
  }
}
