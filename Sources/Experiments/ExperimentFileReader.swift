import Diagnostics
import Foundation
import Settings
import Tasks

/// Reads an experiment file and the files it builds on.
struct ExperimentFileReader {
  private static let maximumChain = 8

  var entryReader: EntryReader
  /// The files being read, to notice one that builds on itself.
  private var chain: [String] = []

  init(schema: Schema) {
    entryReader = EntryReader(schema: schema)
  }

  /// - Throws: `ExperimentFileError` if the file cannot be read; everything else is collected.
  mutating func read(path: String) throws -> ExperimentFile? {
    // A FIFO without a writer must not be waited for.
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.failure(path) }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: YAMLReader.maximumBytes + 1)
    var count = 0
    while count < bytes.count {
      let got = bytes.withUnsafeMutableBytes { buffer in
        Foundation.read(descriptor, buffer.baseAddress! + count, buffer.count - count)
      }
      if got > 0 {
        count += got
      } else if got == 0 {
        break
      } else if errno == EAGAIN {
        try Self.awaitWriter(descriptor, path)
      } else if errno != EINTR {
        throw Self.failure(path)
      }
    }
    return try read(Array(bytes.prefix(count)), file: path)
  }

  /// Waits for what is written into a pipe, such as that of a process substitution.
  private static func awaitWriter(_ descriptor: Int32, _ path: String) throws {
    var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    if poll(&event, 1, 10_000) == 0 {
      throw ExperimentFileError(
        file: path, reason: "nothing has been written into this pipe for 10 s")
    }
  }

  private static func failure(_ path: String) -> ExperimentFileError {
    ExperimentFileError(file: path, reason: String(cString: strerror(errno)))
  }

  mutating func read(_ bytes: [UInt8], file path: String) throws -> ExperimentFile? {
    let identity = URL(fileURLWithPath: path).standardizedFileURL.path
    chain.append(identity)
    defer { chain.removeLast() }
    do {
      return try decode(try YAMLReader.read(bytes, file: path))
    } catch let issue as ExperimentIssue {
      entryReader.issues.append(issue)
      return nil
    }
  }

  private mutating func report(_ mark: Mark, key: String, _ problem: String, hint: String? = nil) {
    entryReader.report(.file(mark), key: key, problem, hint: hint)
  }

  private mutating func decode(_ root: YAMLNode) throws -> ExperimentFile? {
    guard case .mapping(let pairs) = root.content else {
      report(root.mark, key: "", "expected a mapping of settings, found \(root.found)")
      return nil
    }
    var file = ExperimentFile(start: root.mark)
    let reserved = Dictionary(
      pairs.filter { ExperimentFile.reservedKeys.contains($0.key) }.map { ($0.key, $0.value) },
      uniquingKeysWith: { first, _ in first })
    var base: ExperimentFile?
    if let node = reserved["base"] { base = try other(node, key: "base") }
    file.depth = (base?.depth ?? -1) + 1
    if let node = reserved["experiments"] {
      file.children = try items(node, key: "experiments").compactMap {
        try other($0, key: "experiments")
      }
      file.depth = max(file.depth, (file.children.map(\.depth).max() ?? -1) + 1)
    }

    file.name = reserved["name"].flatMap { name($0, key: "name") }
    file.variant = reserved["variant"].flatMap { name($0, key: "variant") }
    if let node = reserved["seeds"] { file.seeds = seeds(node) }
    if let node = reserved["scale"], let name = name(node, key: "scale") {
      file.defaultScale = .init(name: name, mark: node.mark, value: ())
    }
    if let node = reserved["scales"] { file.scales = scales(node) }
    if let node = reserved["sweep"] { file.sweep = sweep(node) }
    if let node = reserved["provenance"] { file.claims = claims(node, depth: file.depth) }
    if let node = reserved["description"], case .scalar = node.content {
    } else if let node = reserved["description"] {
      report(node.mark, key: "description", "expected text, found \(node.found)")
    }
    let settings = pairs.filter { !ExperimentFile.reservedKeys.contains($0.key) }
    file.entries = entryReader.entries(
      YAMLNode(content: .mapping(settings), mark: root.mark), layer: .file(depth: file.depth),
      reserved: ExperimentFile.reservedKeys)

    if let base { file = file.over(base) }
    file.children = file.children.map { child in
      var overlay = file
      overlay.children = []
      overlay.start = child.start
      return overlay.over(child)
    }
    return file
  }

  private mutating func other(_ node: YAMLNode, key: String) throws -> ExperimentFile? {
    guard case .scalar(let path, _) = node.content, !node.isNull else {
      report(node.mark, key: key, "expected the path of an experiment file, found \(node.found)")
      return nil
    }
    let folder = URL(fileURLWithPath: node.mark.file).deletingLastPathComponent()
    let url = URL(fileURLWithPath: path, relativeTo: folder).standardizedFileURL
    let isAbsolute = path.hasPrefix("/")
    let parts = node.mark.file.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    let written = isAbsolute ? path : (parts.map(String.init) + [path]).joined(separator: "/")
    guard !chain.contains(url.path) else {
      report(node.mark, key: key, "'\(path)' builds on itself")
      return nil
    }
    guard chain.count < Self.maximumChain else {
      report(node.mark, key: key, "more than \(Self.maximumChain) files build on each other")
      return nil
    }
    do {
      let file = try read(path: written)
      if key == "base", let file, !file.children.isEmpty {
        report(
          node.mark, key: key, "'\(path)' is a collection and cannot be a base",
          hint: "List it under `experiments:`, or build on one of its files.")
        return nil
      }
      if key == "experiments", let file, !file.children.isEmpty {
        report(node.mark, key: key, "'\(path)' is itself a collection", hint: "List its files.")
        return nil
      }
      return file
    } catch let error as ExperimentFileError {
      report(node.mark, key: key, "cannot read '\(error.file)': \(error.reason)")
      return nil
    }
  }

  // MARK: Parts

  private mutating func items(_ node: YAMLNode, key: String) -> [YAMLNode] {
    guard case .sequence(let items) = node.content else {
      report(node.mark, key: key, "expected a list, found \(node.found)")
      return []
    }
    if items.isEmpty { report(node.mark, key: key, "the list is empty") }
    return items
  }

  private mutating func mapping(_ node: YAMLNode, key: String) -> [YAMLNode.Entry] {
    guard case .mapping(let pairs) = node.content else {
      report(node.mark, key: key, "expected a mapping, found \(node.found)")
      return []
    }
    return pairs
  }

  private mutating func name(_ node: YAMLNode, key: String) -> String? {
    if case .scalar(let text, _) = node.content, check(text, node.mark, key: key) { return text }
    if case .scalar = node.content { return nil }
    report(node.mark, key: key, "expected a name, found \(node.found)")
    return nil
  }

  /// Names become file names.
  private mutating func check(_ name: String, _ mark: Mark, key: String) -> Bool {
    let isSafe =
      !name.isEmpty && name.utf8.count <= 100 && name.first != "." && name.first != "-"
      && name.utf8.allSatisfy { fileNameCharacters.contains($0) }
    if !isSafe {
      report(
        mark, key: key, "'\(name)' cannot be a name",
        hint:
          "Names have up to 100 letters, digits, '-', '_' and '.', and begin with a letter or digit."
      )
    }
    return isSafe
  }

  private mutating func seeds(_ node: YAMLNode) -> [UInt64]? {
    var seeds: [UInt64] = []
    for item in items(node, key: "seeds") {
      guard case .scalar(let text, isPlain: true) = item.content, let seed = UInt64(text) else {
        report(
          item.mark, key: "seeds", "expected a whole number of at least 0, found \(item.found)")
        continue
      }
      if seeds.contains(seed) {
        report(item.mark, key: "seeds", "the seed \(seed) is listed twice")
      } else {
        seeds.append(seed)
      }
    }
    return seeds.isEmpty ? nil : seeds
  }

  private mutating func scales(_ node: YAMLNode) -> [ExperimentFile.Named<ExperimentFile.Scale>] {
    mapping(node, key: "scales").compactMap { pair in
      guard check(pair.key, pair.keyMark, key: "scales") else { return nil }
      var scale = ExperimentFile.Scale(entries: [:], seeds: nil)
      var rest = pair.value
      if case .mapping(let pairs) = pair.value.content {
        if let node = pairs.first(where: { $0.key == "seeds" }) { scale.seeds = seeds(node.value) }
        rest.content = .mapping(pairs.filter { $0.key != "seeds" })
      }
      scale.entries = entryReader.entries(
        rest, layer: .scale, scale: pair.key, reserved: ["seeds"])
      return .init(name: pair.key, mark: pair.keyMark, value: scale)
    }
  }

  private mutating func sweep(_ node: YAMLNode) -> ExperimentFile.Sweep {
    var sweep = ExperimentFile.Sweep()
    for pair in mapping(node, key: "sweep") {
      switch pair.key {
      case "cases":
        sweep.cases = mapping(pair.value, key: "sweep.cases").compactMap { item in
          guard check(item.key, item.keyMark, key: "sweep.cases") else { return nil }
          let entries = entryReader.entries(item.value, layer: .sweep)
          return .init(name: item.key, mark: item.keyMark, value: entries)
        }
      case "grid":
        for axis in mapping(pair.value, key: "sweep.grid") {
          let isKnown = entryReader.requireKnown(axis.key, at: .file(axis.keyMark)) != nil
          let entries = (isKnown ? items(axis.value, key: axis.key) : []).compactMap { item in
            let pair = YAMLNode.Entry(key: axis.key, keyMark: item.mark, value: item)
            return entryReader.entries(
              YAMLNode(content: .mapping([pair]), mark: item.mark), layer: .sweep)[axis.key]
          }
          sweep.grid.append(.init(name: axis.key, mark: axis.keyMark, value: entries))
        }
      default:
        let near = Spelling.closest(to: pair.key, among: ["cases", "grid"])
        report(
          pair.keyMark, key: "sweep.\(pair.key)", "unknown key",
          hint: near.map { "Did you mean 'sweep.\($0)'?" }
            ?? "A sweep has `grid:` (keys with lists of values) and `cases:` (named settings).")
      }
    }
    return sweep
  }

  private mutating func claims(_ node: YAMLNode, depth: Int)
    -> [String: ExperimentFile.Claim]
  {
    var claims: [String: ExperimentFile.Claim] = [:]
    for pair in mapping(node, key: "provenance") {
      let key = "provenance.\(pair.key)"
      var words = [pair.value]
      if case .sequence(let items) = pair.value.content { words = items }
      let texts = words.compactMap { node -> String? in
        if case .scalar(let text, _) = node.content { text } else { nil }
      }
      guard texts.count == words.count, (1...2).contains(texts.count),
        let provenance = Provenance(rawValue: texts[0])
      else {
        let known = Provenance.allCases.map(\.rawValue)
        let near = texts.first.flatMap { Spelling.closest(to: $0, among: known) }
        report(
          pair.value.mark, key: key,
          "expected one of \(known.quotedAlternatives()), found \(pair.value.found)",
          hint: near.map { "Did you mean '\($0)'?" })
        continue
      }
      guard entryReader.schema.setting(pair.key) != nil else {
        let near = Spelling.closest(to: pair.key, among: entryReader.schema.settings.map(\.key))
        report(
          pair.keyMark, key: key, "no such setting", hint: near.map { "Did you mean '\($0)'?" })
        continue
      }
      claims[pair.key] = .init(
        provenance: provenance, setBy: texts.dropFirst().first, depth: depth)
    }
    return claims
  }
}

/// What file names may hold.
let fileNameCharacters = Set(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.".utf8)
