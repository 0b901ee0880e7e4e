import Experiments
import Testing
import Training

/// The least an experiment needs.
let minimal = """
  name: mini
  task: listops
  attention: {kind: softmax}

  """

extension Experiment.Options {
  /// Options for the tasks and mechanisms of this program.
  init(
    overrides: [String] = [], sweeps: [String] = [], shortcuts: [Experiment.Shortcut] = [],
    scale: String? = nil, seeds: [UInt64] = [], only: [String] = []
  ) {
    self.init(
      schema: .standard, overrides: overrides, sweeps: sweeps, shortcuts: shortcuts, scale: scale,
      seeds: seeds, only: only)
  }
}

extension Experiment {
  /// The experiment of a file, for the tasks and mechanisms of this program.
  static func load(_ path: String) throws -> Experiment { try load(path, .init()) }

  /// The experiment of a text, for the tasks and mechanisms of this program.
  static func parse(_ text: String, file: String) throws -> Experiment {
    try parse(text, file: file, .init())
  }
}

extension RunConfiguration {
  /// The run of a resolved text, for the tasks and mechanisms of this program.
  init(resolvedYAML text: String, file: String) throws {
    try self.init(resolvedYAML: text, file: file, schema: .standard)
  }
}

/// The runs of a file's text.
func runs(_ text: String, _ options: Experiment.Options = .init()) throws -> [RunConfiguration] {
  try Experiment.parse(text, file: "mini.yaml", options).runs
}

/// The only run of a file's text.
func run(_ text: String, _ options: Experiment.Options = .init()) throws -> RunConfiguration {
  let all = try runs(text, options)
  return try #require(all.count == 1 ? all.first : nil)
}

/// The messages with which a file's text is refused; empty if it is not.
func problems(_ text: String, _ options: Experiment.Options = .init()) throws -> [String] {
  do {
    _ = try Experiment.parse(text, file: "mini.yaml", options)
    return []
  } catch let error as ExperimentError {
    return error.issues.map(\.description)
  }
}
