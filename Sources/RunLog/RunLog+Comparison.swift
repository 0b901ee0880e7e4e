extension RunLog {
  /// Whether the other log tells of the same computation, equal to the bit.
  ///
  /// Not compared is how and when the runs were carried out (times, memory, machines), nor the settings that
  /// cannot influence results.
  public func isSameRun(as other: RunLog) -> Bool { differences(from: other).isEmpty }

  /// The fields in which the logs differ, with the first differing values, as sentences.
  public func differences(from other: RunLog) -> [String] {
    let mine = comparableFields
    let others = other.comparableFields
    var sentences: [String] = []
    for (path, content) in mine.sorted(by: { $0.key < $1.key }) {
      guard let otherContent = others[path] else {
        sentences.append("\(path) is only in the first log")
        continue
      }
      if let difference = content.difference(from: otherContent) {
        sentences.append("\(path): \(difference)")
      }
    }
    for path in others.keys.sorted() where mine[path] == nil {
      sentences.append("\(path) is only in the second log")
    }
    return sentences
  }

  private var comparableFields: [String: any LogContent] {
    var fields = Self.layout.computed(self)
    for setting in settings where setting.influencesResults {
      fields["/settings/\(setting.key)"] = setting.value.content
    }
    return fields
  }
}
