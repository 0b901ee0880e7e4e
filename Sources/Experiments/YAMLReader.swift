import CYAML

/// Reads one YAML document into nodes with their places, through libyaml's events.
///
/// Refused, each with its place: anchors and aliases, merge keys, tags, several documents, repeated
/// keys, keys that are not plain words, deep nesting and files over a megabyte.
struct YAMLReader {
  private static let maximumDepth = 16
  static let maximumBytes = 1 << 20

  private let file: String
  private var parser = yaml_parser_t()

  /// Reads `bytes`; `file` names them in messages.
  /// - Throws: `ExperimentIssue`.
  static func read(_ bytes: [UInt8], file: String) throws -> YAMLNode {
    guard bytes.count <= maximumBytes else {
      throw ExperimentIssue(
        place: .file(Mark(file: file, line: 1, column: 1)),
        problem: "the file is longer than \(maximumBytes) bytes")
    }
    var reader = YAMLReader(file: file)
    return try bytes.withUnsafeBufferPointer { try reader.document($0) }
  }

  private init(file: String) { self.file = file }

  private mutating func document(_ bytes: UnsafeBufferPointer<UInt8>) throws -> YAMLNode {
    precondition(yaml_parser_initialize(&parser) == 1, "libyaml: out of memory")
    defer { yaml_parser_delete(&parser) }
    // An empty buffer's address may be nil, which libyaml does not accept.
    let nothing: [UInt8] = [0]
    return try nothing.withUnsafeBufferPointer { nothing in
      yaml_parser_set_input_string(
        &parser, bytes.baseAddress ?? nothing.baseAddress, bytes.count)
      _ = try next()  // stream start
      let start = try next()
      guard start.type == YAML_DOCUMENT_START_EVENT else {
        throw issue(start.mark, "the file is empty")
      }
      let root = try node(try next(), depth: 0)
      _ = try next()  // document end
      let end = try next()
      guard end.type == YAML_STREAM_END_EVENT else {
        throw issue(end.mark, "a second document begins here; an experiment file has one")
      }
      return root
    }
  }

  /// What is needed of a libyaml event.
  private struct Event {
    var type: yaml_event_type_t
    var mark: Mark
    var text = ""
    var isPlain = false
    var refusal: String?
  }

  private func mark(_ mark: yaml_mark_t) -> Mark {
    Mark(file: file, line: mark.line + 1, column: mark.column + 1)
  }

  private func issue(_ mark: Mark, _ problem: String, hint: String? = nil) -> ExperimentIssue {
    ExperimentIssue(place: .file(mark), problem: problem, hint: hint)
  }

  private mutating func next() throws -> Event {
    var raw = yaml_event_t()
    guard yaml_parser_parse(&parser, &raw) == 1 else { throw syntaxIssue() }
    defer { yaml_event_delete(&raw) }
    var event = Event(type: raw.type, mark: mark(raw.start_mark))
    let data = raw.data
    switch raw.type {
    case YAML_SCALAR_EVENT:
      let scalar = data.scalar
      event.text = String(
        decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      event.isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
      event.refusal = Self.refusal(anchor: scalar.anchor != nil, tag: scalar.tag != nil)
    case YAML_SEQUENCE_START_EVENT:
      let start = data.sequence_start
      event.refusal = Self.refusal(anchor: start.anchor != nil, tag: start.tag != nil)
    case YAML_MAPPING_START_EVENT:
      let start = data.mapping_start
      event.refusal = Self.refusal(anchor: start.anchor != nil, tag: start.tag != nil)
    case YAML_ALIAS_EVENT: event.refusal = Self.refusal(anchor: true, tag: false)
    default: break
    }
    return event
  }

  private static func refusal(anchor: Bool, tag: Bool) -> String? {
    if anchor { return "anchors (&) and aliases (*) have no meaning in experiment files" }
    if tag { return "tags (!) have no meaning in experiment files" }
    return nil
  }

  private func syntaxIssue() -> ExperimentIssue {
    let text = { (pointer: UnsafePointer<CChar>?) in pointer.map { String(cString: $0) } }
    let problem = text(parser.problem) ?? "not YAML"
    if parser.error == YAML_READER_ERROR {
      return issue(
        mark(parser.mark), "the file is not text: \(problem) at byte \(parser.problem_offset)")
    }
    let place = mark(parser.problem_mark)
    var hint: String?
    if let context = text(parser.context) {
      hint = "It happened \(context) that begins at line \(parser.context_mark.line + 1)."
    }
    if problem.contains("found character that cannot start any token") {
      hint = "YAML is indented with spaces, not tabs; a value that begins with % @ or ` is quoted."
    }
    return issue(place, "not YAML: \(problem)", hint: hint)
  }

  private mutating func node(_ event: Event, depth: Int) throws -> YAMLNode {
    if let refusal = event.refusal {
      throw issue(event.mark, refusal, hint: "Share settings through `base:` or `sweep:`.")
    }
    guard depth <= Self.maximumDepth else {
      throw issue(event.mark, "nested more than \(Self.maximumDepth) levels deep")
    }
    switch event.type {
    case YAML_SCALAR_EVENT:
      return YAMLNode(content: .scalar(event.text, isPlain: event.isPlain), mark: event.mark)
    case YAML_SEQUENCE_START_EVENT:
      var items: [YAMLNode] = []
      while true {
        let item = try next()
        if item.type == YAML_SEQUENCE_END_EVENT { break }
        items.append(try node(item, depth: depth + 1))
      }
      return YAMLNode(content: .sequence(items), mark: event.mark)
    case YAML_MAPPING_START_EVENT:
      return YAMLNode(content: .mapping(try entries(depth: depth)), mark: event.mark)
    default:
      throw issue(event.mark, "a value was expected")
    }
  }

  private mutating func entries(depth: Int) throws -> [YAMLNode.Entry] {
    var entries: [YAMLNode.Entry] = []
    var lines: [String: Int] = [:]
    while true {
      let key = try next()
      if key.type == YAML_MAPPING_END_EVENT { return entries }
      guard key.type == YAML_SCALAR_EVENT, key.refusal == nil else {
        throw issue(key.mark, key.refusal ?? "a key must be a word, not a list or a mapping")
      }
      if key.isPlain, key.text == "<<" {
        throw issue(
          key.mark, "merge keys (<<) have no meaning in experiment files",
          hint: "Share settings through `base:` or `sweep:`.")
      }
      if let line = lines[key.text] {
        throw issue(key.mark, "the key '\(key.text)' was already given in line \(line)")
      }
      lines[key.text] = key.mark.line
      entries.append(
        .init(key: key.text, keyMark: key.mark, value: try node(try next(), depth: depth + 1)))
    }
  }
}
