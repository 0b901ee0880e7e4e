import Diagnostics

/// Turns files into runs: scales, cases, grids, seeds.
struct Expansion {
  let name: String
  let overrides: [Entry]
  let options: Experiment.Options
  var issues: [ExperimentIssue]
  /// Keys with issues from reading the files.
  private let malformed: Set<String>
  private(set) var runs: [RunConfiguration] = []
  private(set) var scales: [String] = []
  /// The identity of each run, by name.
  private var identities: [String: String] = [:]
  /// Options of attention that some run uses, and those that a run had to leave out.
  private var used: Set<ExperimentIssue.Place> = []
  private var leftOut: [ExperimentIssue.Place: ExperimentIssue] = [:]
  /// What the command line changes of a run's case, by the run's name.
  private var collapsed: [String: [ExperimentIssue]] = [:]

  private static let maximumRuns = 10_000

  init(
    name: String, overrides: [Entry], options: Experiment.Options, issues: [ExperimentIssue]
  ) {
    self.name = name
    self.overrides = overrides
    self.options = options
    self.issues = issues
    malformed = Set(issues.map(\.key))
  }

  /// One point of a sweep.
  private struct Variant {
    var name: [String] = []
    var entries: Entries = [:]
    /// The case, where the sweep has cases.
    var ofCase: Entries = [:]
  }

  mutating func expand(_ file: ExperimentFile) {
    scales += file.scales.map(\.name).filter { !scales.contains($0) }
    guard let (scaleName, scale) = scale(of: file) else { return }

    var seeds = scale?.seeds ?? file.seeds
    if !options.seeds.isEmpty { seeds = options.seeds }

    reportCollapsedSweep(file, scale)
    let variants = variants(of: file)
    guard variants.count * (seeds?.count ?? 1) <= Self.maximumRuns else {
      issues.append(
        ExperimentIssue(
          place: .file(file.start), key: "sweep",
          problem: "the sweep has more than \(Self.maximumRuns) runs"))
      return
    }
    for seed in seeds ?? [0] {
      for variant in variants {
        var entries = file.entries.merging(variant.entries) { $1 }
        if let scale {
          // An axis of the command line lies over scales, one of the file under them.
          entries.merge(scale.entries) { $0.layer > $1.layer ? $0 : $1 }
        }
        for entry in overrides { entries[entry.key] = entry }
        var resolution = Resolution(file: file, entries: entries, options: options)
        resolution.run.experiment = name
        resolution.run.scale = scaleName
        resolution.run.seed = seed
        resolution.resolve(seedsAreGiven: seeds != nil)
        used.formUnion(resolution.used)
        leftOut.merge(resolution.leftOut) { first, _ in first }
        issues += resolution.issues.filter { !isKnown($0) }
        guard resolution.issues.isEmpty else { continue }
        var run = resolution.run
        run.variant = variantName(variant, file: file, run: run)
        collapsed[run.name, default: []] += collapses(variant, file)
        add(run, file)
      }
    }
  }

  /// A scale or `--set` that fixes what the sweep varies would give runs whose names lie.
  private mutating func reportCollapsedSweep(
    _ file: ExperimentFile, _ scale: ExperimentFile.Scale?
  ) {
    guard let sweep = file.sweep else { return }
    for axis in sweep.grid where sweep.cases.contains(where: { $0.value[axis.name] != nil }) {
      guard let entry = axis.value.first, entry.layer == .option else { continue }
      issues.append(
        ExperimentIssue(
          place: entry.place, key: axis.name, problem: "the cases of \(file.start.file) set this",
          hint: "Choose among them with --only."))
    }
    let cased = ["task", "attention.kind"].filter { key in
      sweep.cases.contains { $0.value[key] != nil }
    }
    let varied = Set(sweep.grid.map(\.name) + cased)
    let overlaid = Set(sweep.grid.filter { $0.value.first?.layer == .option }.map(\.name))
    let scaled = (scale?.entries ?? [:]).values.filter { !overlaid.contains($0.key) }
    for entry in overrides + scaled where varied.contains(entry.key) {
      issues.append(
        ExperimentIssue(
          place: entry.place, key: entry.key, problem: "the sweep varies this setting",
          hint: entry.layer == .option ? "Choose among its runs with --only." : nil))
    }
  }

  /// Settings of a case that the command line gives another value: the run would not be what its name says.
  private func collapses(_ variant: Variant, _ file: ExperimentFile) -> [ExperimentIssue] {
    overrides.compactMap { entry in
      guard let own = variant.ofCase[entry.key], own.value != entry.value,
        options.schema.setting(entry.key)?.influencesResults ?? true
      else { return nil }
      return ExperimentIssue(
        place: entry.place, key: entry.key,
        problem: "the case '\(variant.name[0])' of \(file.start.file) sets this",
        hint: "Choose among its runs with --only.")
    }
  }

  /// Whether an issue only follows from one that was reported when the files were read: a setting
  /// whose value was refused is not missing, nor is what a file that cannot be read would say.
  private func isKnown(_ issue: ExperimentIssue) -> Bool {
    malformed.contains(issue.key) || !malformed.isDisjoint(with: ["base", "experiments"])
  }

  /// The scale's name and settings; nil if it does not exist.
  private mutating func scale(of file: ExperimentFile) -> (String, ExperimentFile.Scale?)? {
    let wanted = options.scale ?? file.defaultScale?.name
    guard let wanted else { return ("", nil) }
    if let scale = file.scales.first(where: { $0.name == wanted }) { return (wanted, scale.value) }
    // A resolved file names the scale its settings already have.
    if options.scale == nil, file.scales.isEmpty { return (wanted, nil) }
    let known = file.scales.map(\.name)
    let near = Spelling.closest(to: wanted, among: known)
    let place: ExperimentIssue.Place =
      options.scale != nil
      ? .option("--scale \(wanted)") : .file(file.defaultScale?.mark ?? file.start)
    issues.append(
      ExperimentIssue(
        place: place, problem: "\(file.start.file) has no scale '\(wanted)'",
        hint: near.map { "Did you mean '\($0)'?" }
          ?? (known.isEmpty ? "It has none." : "It has \(known.quotedAlternatives()).")))
    return nil
  }

  private func variants(of file: ExperimentFile) -> [Variant] {
    guard let sweep = file.sweep else { return [Variant()] }
    var variants = sweep.cases.map {
      Variant(name: [$0.name], entries: $0.value, ofCase: $0.value)
    }
    if sweep.cases.isEmpty { variants = [Variant()] }
    for axis in sweep.grid {
      guard variants.count * axis.value.count <= Self.maximumRuns else {
        return Array(repeating: Variant(), count: Self.maximumRuns + 1)
      }
      variants = variants.flatMap { variant in
        axis.value.map { entry in
          var next = variant
          next.entries[entry.key] = entry
          return next
        }
      }
    }
    return variants
  }

  /// `sbm-fastrg`, `sbm-clusters-16`: the case's name and those grid values that the run uses.
  private func variantName(_ variant: Variant, file: ExperimentFile, run: RunConfiguration)
    -> String
  {
    if let name = file.variant, file.sweep == nil { return name }
    let isVaried = file.sweep?.grid.contains { $0.value.first?.layer == .option } ?? false
    let own = isVaried ? file.variant.map { [$0] } ?? [] : []
    var parts = own + variant.name.filter { $0 != run.task.rawValue }
    for axis in file.sweep?.grid ?? [] {
      guard let entry = variant.entries[axis.name], axis.name != "task",
        run.origins[axis.name] != nil
      else { continue }
      let value =
        entry.value.text ?? entry.value.description.replacing(".0e", with: "e")
      let word = axis.name.split(separator: ".").last.map(String.init) ?? axis.name
      let option = options.schema.setting(axis.name)?.mechanisms[run.attention.kind]
      let isPlain = ["kind", "protocol"].contains(word) || option?.namesRuns == true
      parts.append(isPlain ? value : "\(word)-\(value)")
    }
    let isNamedByTask = parts.isEmpty
    let name = isNamedByTask ? run.attention.kind : parts.joined(separator: "-")
    return String(
      decoding: name.utf8.map { fileNameCharacters.contains($0) ? $0 : UInt8(ascii: "_") },
      as: UTF8.self)
  }

  private mutating func add(_ run: RunConfiguration, _ file: ExperimentFile) {
    guard let other = identities.updateValue(run.identity, forKey: run.name) else {
      runs.append(run)
      return
    }
    // A grid over an option that a mechanism does not have gives the same run again.
    if other == run.identity { return }
    issues.append(
      ExperimentIssue(
        place: .file(file.start), key: "sweep", problem: "two runs are called '\(run.name)'",
        hint: "Give them `cases:` with different names, or a `variant:`."))
  }

  /// Reports options of attention that no run uses.
  mutating func finish() {
    issues += leftOut.filter { !used.contains($0.key) }.map(\.value)
  }

  /// The runs that `--only` keeps.
  func selected() throws -> [RunConfiguration] {
    var problems: [ExperimentIssue] = []
    for pattern in options.only
    where !runs.contains(where: { glob(pattern, $0.name) || glob(pattern, $0.variant) }) {
      let names = runs.map(\.name)
      let near = Spelling.closest(to: pattern, among: names + runs.map(\.variant))
      problems.append(
        ExperimentIssue(
          place: .option("--only \(pattern)"), problem: "no run has such a name",
          hint: near.map { "Did you mean '\($0)'?" }
            ?? "There is \(names.prefix(20).map { "'\($0)'" }.joined(separator: ", "))"
            + (names.count > 20 ? " and \(names.count - 20) more." : ".")))
    }
    let selected = runs.filter { run in
      options.only.isEmpty
        || options.only.contains { glob($0, run.name) || glob($0, run.variant) }
    }
    for problem in selected.flatMap({ collapsed[$0.name, default: []] })
    where !problems.contains(problem) {
      problems.append(problem)
    }
    if !problems.isEmpty { throw ExperimentError(problems) }
    return selected
  }
}

/// Whether `text` matches a pattern in which `*` stands for any text and `?` for one character.
func glob(_ pattern: String, _ text: String) -> Bool {
  let (pattern, text) = (Array(pattern), Array(text))
  // reachable[j]: the pattern so far matches the first j characters.
  var reachable = [true] + Array(repeating: false, count: text.count)
  for symbol in pattern {
    var next = Array(repeating: false, count: text.count + 1)
    if symbol == "*" {
      guard let first = reachable.firstIndex(of: true) else { return false }
      for j in first...text.count { next[j] = true }
    } else {
      for j in text.indices where reachable[j] && (symbol == "?" || symbol == text[j]) {
        next[j + 1] = true
      }
    }
    reachable = next
  }
  return reachable[text.count]
}
