import Attention
import HDF5

/// A mechanism's options, read from the published configuration in a golden entry's attributes.
enum PublishedOptions {
  private static let attributes: [String: [(attribute: String, option: String)]] = [
    "sbm": [("num_clusters", "clusters")],
    "linformer": [("linformer_k", "rank")],
    "nystrom": [("num_landmarks", "landmarks"), ("conv_kernel_size", "conv_kernel")],
    "performer": [("rp_dim", "features")],
    "reformer": [("num_hash", "hashes")],
  ]

  static func read(kind: String, from group: HDF5Group) throws -> [String: AttentionOption] {
    var options: [String: AttentionOption] = [:]
    for (attribute, option) in attributes[kind, default: []]
    where try group.hasAttribute(attribute) {
      options[option] = .integer(try group.integer(attribute))
    }
    return options
  }
}
