import Experiments
import Testing

/// The least an experiment needs.
let minimal = """
  name: mini
  task: listops
  attention: {kind: softmax}

  """

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
