import Attention
import HDF5
import Settings

/// A mechanism's options, read from the published configuration in a golden entry's attributes.
enum PublishedOptions {
  static func read(kind: String, from group: HDF5Group) throws -> [String: SettingValue] {
    var options: [String: SettingValue] = [:]
    for option in try AttentionRegistry.type(of: kind).options {
      guard let attribute = option.publishedName, try group.hasAttribute(attribute) else {
        continue
      }
      options[option.name] = .integer(try group.integer(attribute))
    }
    return options
  }
}
