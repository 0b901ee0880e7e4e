/// A place in a file, counted from 1.
struct Mark: Sendable, Hashable {
  var file: String
  var line: Int
  var column: Int
}

/// One value of a YAML document and where it stands.
struct YAMLNode: Sendable {
  /// One entry of a mapping.
  struct Entry: Sendable {
    var key: String
    var keyMark: Mark
    var value: YAMLNode
  }

  enum Content: Sendable {
    /// `isPlain`: written without quotes, so that `5` is a number and `true` a truth value.
    case scalar(String, isPlain: Bool)
    case sequence([YAMLNode])
    case mapping([Entry])
  }

  var content: Content
  var mark: Mark

  /// Nothing was written: an empty value, `~` or `null`.
  var isNull: Bool {
    if case .scalar(let text, isPlain: true) = content {
      return ["", "~", "null", "Null", "NULL"].contains(text)
    }
    return false
  }

  /// What was written, for messages: "'abc'", "a list", "a mapping", "nothing".
  var found: String {
    switch content {
    case _ where isNull: "nothing"
    case .scalar(let text, let isPlain): isPlain ? "'\(text)'" : "the text \"\(text)\""
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }
}
