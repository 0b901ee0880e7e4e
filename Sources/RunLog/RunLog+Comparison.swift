extension RunLog {
  /// The fields that say how and when a run was carried out, not what it computed.
  ///
  /// They differ between an interrupted run and an uninterrupted one, and between machines.
  public static let wallClockFields: Set<String> = [
    "/@created", "/@hardware", "/train/seconds", "/dev/seconds", "/cost/milliseconds_per_step",
    "/cost/peak_memory", "/history/step", "/history/code_version", "/history/hardware",
    "/history/libraries",
    "/cost/processes", "/cost/traffic_per_step",
  ]

  /// Whether the other log tells of the same computation, equal to the bit.
  ///
  /// Not compared are `wallClockFields` and the settings that cannot influence results.
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

  private var comparableFields: [String: Field.Content] {
    var fields: [String: Field.Content] = [:]
    for field in self.fields where !Self.wallClockFields.contains(field.path) {
      // The settings below say the same without those that cannot influence results.
      if field.path == "/config" || field.path.hasPrefix("/settings/") { continue }
      fields[field.path] = field.content
    }
    for setting in settings where setting.influencesResults {
      fields["/settings/\(setting.key)"] = .text(setting.value)
    }
    return fields
  }
}

extension Field.Content {
  /// Says how `other` differs; nil when it is equal to the bit.
  fileprivate func difference(from other: Field.Content) -> String? {
    let (mine, others) = (elements, other.elements)
    if mine.shape != others.shape { return "shape \(mine.shape) against \(others.shape)" }
    guard let place = zip(mine.bits, others.bits).enumerated().first(where: { $1.0 != $1.1 })
    else { return nil }
    let index = mine.shape.isEmpty ? "" : " at \(place.offset)"
    return "\(mine.words[place.offset]) against \(others.words[place.offset])\(index)"
  }

  private var elements: (shape: [Int], bits: [String], words: [String]) {
    func exact(_ values: [Double]) -> [String] { values.map { String($0.bitPattern) } }
    func plain(_ values: [some Any]) -> [String] { values.map { String(describing: $0) } }
    switch self {
    case .text(let value): return ([], ["'\(value)'"], ["'\(value)'"])
    case .texts(let values): return ([values.count], values, values)
    case .integer(let value): return ([], plain([value]), plain([value]))
    case .seed(let value): return ([], plain([value]), plain([value]))
    case .integers(let values): return ([values.count], plain(values), plain(values))
    case .flags(let values): return ([values.count], plain(values), plain(values))
    case .real(let value): return ([], exact([value]), plain([value]))
    case .reals(let values, let shape): return (shape, exact(values), plain(values))
    }
  }
}
