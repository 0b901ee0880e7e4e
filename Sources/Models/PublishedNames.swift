/// Names of parameters in the published code, by ours.
///
/// Ours follow the modules' properties; the published ones are those of its PyTorch modules.
public enum PublishedNames {
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

  /// The part of a path by which a parameter is known that all layers share, ours being in the first one.
  private static let shared = "attention.mechanism.positionProjection"
  private static let blocks = "encoder.blocks."

  /// The published name of a parameter of `AttentionBlock`; ours where there is none.
  public static func attentionBlock(_ ours: String) -> String { renamed(ours) ?? ours }

  /// The published name of a parameter of a ``SequenceModel``; ours where there is none.
  public static func model(_ ours: String) -> String { inModel(ours) ?? ours }

  /// The names under which the published code's `state_dict()` has a parameter of a ``SequenceModel`` of so
  /// many layers: one, or one a layer where all layers share it; none where that code has no such parameter.
  public static func stateDict(_ ours: String, layers: Int) -> [String] {
    let first = "\(blocks)0."
    guard ours == first + shared else { return inModel(ours).map { [$0] } ?? [] }
    return (0..<layers).compactMap { inModel("\(blocks)\($0).\(shared)") }
  }

  private static func renamed(_ ours: String) -> String? {
    for (piece, published) in pieces where ours == piece || ours.hasPrefix(piece + ".") {
      return published + ours.dropFirst(piece.count)
    }
    return nil
  }

  private static func inModel(_ ours: String) -> String? {
    guard ours.hasPrefix(blocks) else { return renamed(ours) }
    let parts = ours.dropFirst(blocks.count).split(separator: ".", maxSplits: 1)
    let (layer, inside) = (parts[0], String(parts[1]))
    let attention = "attention."
    let name =
      inside.hasPrefix(attention)
      ? renamed(String(inside.dropFirst(attention.count))).map { "mha." + $0 } : renamed(inside)
    return name.map { "model.transformer_\(layer).\($0)" }
  }
}
