import Diagnostics
import Settings

/// One setting as it was written somewhere.
struct Entry: Sendable {
  var key: String
  var value: SettingValue
  var place: ExperimentIssue.Place
  /// The layer it belongs to: the higher one counts.
  var layer: Layer
  /// How messages and logs name the place: `scale smoke (listops.yaml:30)`.
  var setBy: String
}

/// Entries by key.
typealias Entries = [String: Entry]

/// What lies over what: bases, the file itself, the sweep, the scale, `--set`.
enum Layer: Sendable, Comparable {
  case file(depth: Int)
  case sweep
  case scale
  case option

  /// "sweep (listops.yaml:12)"
  func label(_ mark: Mark, scale: String) -> String {
    let name = mark.file.split(separator: "/").last.map(String.init) ?? mark.file
    let place = "\(name):\(mark.line)"
    return switch self {
    case .file: place
    case .sweep: "sweep (\(place))"
    case .scale: "scale \(scale) (\(place))"
    case .option: "--set"
    }
  }
}

/// Turns nodes into entries, collecting everything that is wrong.
struct EntryReader {
  /// The settings that there are.
  let schema: Schema
  var issues: [ExperimentIssue] = []

  init(schema: Schema) { self.schema = schema }

  mutating func report(
    _ place: ExperimentIssue.Place, key: String = "", _ problem: String, hint: String? = nil
  ) {
    issues.append(ExperimentIssue(place: place, key: key, problem: problem, hint: hint))
  }

  /// The settings of a mapping; nested mappings and dotted keys mean the same.
  mutating func entries(
    _ node: YAMLNode, layer: Layer, scale: String = "", reserved: [String] = []
  ) -> Entries {
    guard let leaves = leaves(of: node, below: "") else { return [:] }
    var entries: Entries = [:]
    for leaf in leaves {
      if let other = entries[leaf.key], case .file(let mark) = other.place {
        report(.file(leaf.mark), key: leaf.key, "already given in line \(mark.line)")
        continue
      }
      guard
        let value = value(
          leaf.node, key: leaf.key, keyPlace: .file(leaf.mark), place: .file(leaf.node.mark),
          reserved: reserved)
      else { continue }
      entries[leaf.key] = Entry(
        key: leaf.key, value: value, place: .file(leaf.mark), layer: layer,
        setBy: layer.label(leaf.mark, scale: scale))
    }
    return entries
  }

  private typealias Leaf = (key: String, mark: Mark, node: YAMLNode)

  private mutating func leaves(of node: YAMLNode, below prefix: String) -> [Leaf]? {
    if node.isNull { return [] }
    guard case .mapping(let pairs) = node.content else {
      report(.file(node.mark), key: prefix, "expected a mapping of settings, found \(node.found)")
      return nil
    }
    return pairs.flatMap { pair -> [Leaf] in
      let key = prefix.isEmpty ? pair.key : "\(prefix).\(pair.key)"
      let isSection = schema.settings.contains { $0.key.hasPrefix(key + ".") }
      if isSection { return leaves(of: pair.value, below: key) ?? [] }
      return [(key, pair.keyMark, pair.value)]
    }
  }

  /// `key=value` of `--set`.
  mutating func option(_ text: String) -> Entry? {
    let place = ExperimentIssue.Place.option("--set \(text)")
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      report(
        place, "expected key=value", hint: "For example: --set training.steps=100")
      return nil
    }
    let key = String(text[..<equals])
    let written = Array(text[text.index(after: equals)...].utf8)
    let node: YAMLNode
    do {
      node =
        written.isEmpty
        ? YAMLNode(content: .scalar("", isPlain: true), mark: Mark(file: "", line: 1, column: 1))
        : try YAMLReader.read(written, file: "--set")
    } catch {
      report(place, key: key, "the value is not YAML")
      return nil
    }
    let before = issues.count
    guard let value = value(node, key: key, keyPlace: place, place: place, reserved: []) else {
      suggestSweep(text, key: key, since: before)
      return nil
    }
    return Entry(key: key, value: value, place: place, layer: .option, setBy: "--set")
  }

  /// `--set key=8,16` of a number means a sweep.
  private mutating func suggestSweep(_ text: String, key: String, since before: Int) {
    var attempt = EntryReader(schema: schema)
    guard text.contains(","), let issue = issues.last, issues.count == before + 1,
      attempt.sweep(text) != nil, attempt.issues.isEmpty
    else { return }
    issues[before] = ExperimentIssue(
      place: issue.place, key: key, problem: issue.problem,
      hint: "To make a run of each value: --sweep \(text).")
  }

  /// `key=a,b,c` of `--sweep`: the values of a setting, each once.
  mutating func sweep(_ text: String) -> ExperimentFile.Named<[Entry]>? {
    let place = ExperimentIssue.Place.option("--sweep \(text)")
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      report(
        place, "expected key=value,value,…", hint: "For example: --sweep attention.clusters=8,16,32"
      )
      return nil
    }
    let key = String(text[..<equals])
    guard requireKnown(key, at: place) != nil else { return nil }
    var list = String(text[text.index(after: equals)...])
    if !list.hasPrefix("[") { list = "[\(list)]" }
    guard let node = try? YAMLReader.read(Array(list.utf8), file: "--sweep"),
      case .sequence(let nodes) = node.content, !nodes.isEmpty
    else {
      report(place, key: key, "the values are no list", hint: "Write them with commas between.")
      return nil
    }
    let entries = nodes.compactMap { node -> Entry? in
      value(node, key: key, keyPlace: place, place: place, reserved: []).map {
        Entry(key: key, value: $0, place: place, layer: .option, setBy: "--sweep")
      }
    }
    guard entries.count == nodes.count else { return nil }
    for (index, entry) in entries.enumerated()
    where entries[..<index].contains(where: { $0.value == entry.value }) {
      report(place, key: key, "\(entry.value) is listed twice")
      return nil
    }
    let mark = Mark(file: "--sweep", line: 1, column: 1)
    return .init(name: key, mark: mark, value: entries)
  }

  /// The setting of an option of its own: `--threads 2`.
  mutating func option(_ shortcut: Experiment.Shortcut) -> Entry? {
    let place = ExperimentIssue.Place.option("\(shortcut.option) \(shortcut.value)")
    // Paths are text whatever they look like.
    let isText = if case .text? = schema.setting(shortcut.key)?.kind { true } else { false }
    let node = YAMLNode(
      content: .scalar(shortcut.value, isPlain: !isText), mark: Mark(file: "", line: 1, column: 1))
    guard
      let value = value(node, key: shortcut.key, keyPlace: place, place: place, reserved: [])
    else { return nil }
    return Entry(
      key: shortcut.key, value: value, place: place, layer: .option, setBy: shortcut.option)
  }

  /// The value of one key, or nil after reporting what is wrong.
  private mutating func value(
    _ node: YAMLNode, key: String, keyPlace: ExperimentIssue.Place,
    place: ExperimentIssue.Place, reserved: [String]
  ) -> SettingValue? {
    guard let setting = requireKnown(key, at: keyPlace, reserved: reserved) else { return nil }
    switch setting.decode(node) {
    case .success(let value): return value
    case .failure(let problem):
      report(place, key: key, problem.text, hint: problem.hint)
      return nil
    }
  }

  /// The setting of that key; if there is none, says so.
  mutating func requireKnown(
    _ key: String, at place: ExperimentIssue.Place, reserved: [String] = []
  ) -> Setting? {
    if let setting = schema.setting(key) { return setting }
    reportUnknown(key, at: place, reserved: reserved)
    return nil
  }

  private mutating func reportUnknown(
    _ key: String, at place: ExperimentIssue.Place, reserved: [String]
  ) {
    let hasOption = ["seeds", "scale", "only"].contains(key)
    if hasOption, case .option = place {
      return report(place, key: key, "not a setting", hint: "Use --\(key) instead.")
    }
    if ExperimentFile.reservedKeys.contains(key), !reserved.contains(key) {
      let option = hasOption ? ", or use --\(key)" : ""
      return report(
        place, key: key, "not a setting",
        hint: "Write `\(key):` at the top level of the file\(option).")
    }
    let known = schema.settings.map(\.key)
    // A key in the wrong section: `steps` or `model.steps` for `training.steps`.
    let word = key.split(separator: ".").last.map(String.init) ?? key
    // The right word in the wrong section, `model.steps` for `training.steps`, comes first.
    let lastWords = known.map { $0.split(separator: ".").last.map(String.init) ?? $0 }
    let near =
      known.first { $0.hasSuffix(".\(word)") }
      ?? Spelling.closest(to: key, among: reserved + known)
      ?? Spelling.closest(to: word, among: lastWords).flatMap { near in
        known.first { $0.hasSuffix(".\(near)") }
      }
    report(
      place, key: key, "unknown key",
      hint: near.map { "Did you mean '\($0)'?" } ?? "`sbm run --settings` lists all keys.")
  }
}
