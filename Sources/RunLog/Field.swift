/// One attribute or dataset of a run log's file, with its content.
struct Field: Sendable {
  /// `/@name` is an attribute of the root, any other path a dataset.
  let path: String
  let content: Content

  /// What an attribute or dataset holds.
  enum Content: Sendable {
    case text(String)
    case texts([String])
    case integer(Int)
    case seed(UInt64)
    case integers([Int])
    case flags([Bool])
    case real(Double)
    case reals([Double], shape: [Int])
  }

  init(_ path: String, _ content: Content) {
    self.path = path
    self.content = content
  }
}

extension RunLog {
  /// Columns of a curve that are not metrics.
  static let seriesColumns = ["step", "loss", "learning_rate", "density", "seconds", "examples"]
  /// Parts of the test result that are not metrics.
  static let testColumns = ["step", "loss", "density", "examples", "predictions", "labels"]

  /// The whole log as it lies in a file, in the file's order.
  var fields: [Field] {
    attributes + [Field("/config", .text(configuration))] + settingFields + dataFields
      + historyFields
      + fields(of: train, at: "/train", withLearningRate: true)
      + fields(of: dev, at: "/dev", withLearningRate: false)
      + densityFields + testFields + costFields
  }

  private var attributes: [Field] {
    var fields = [
      Field("/@format", .text(Self.format)),
      Field("/@format_version", .integer(Self.formatVersion)),
    ]
    fields += labels.fields
    fields += [
      Field("/@status", .text(status.rawValue)), Field("/@steps_done", .integer(stepsDone)),
    ]
    fields += environment.fields
    fields.append(Field("/@parameters", .integer(cost.parameters)))
    fields.append(Field("/@summation", .text(summation.rawValue)))
    if let verdict { fields.append(Field("/@verdict", .text(verdict.rawValue))) }
    if let failure { fields.append(Field("/@failure", .text(failure))) }
    return fields
  }

  private var settingFields: [Field] {
    [
      Field("/settings/key", .texts(settings.map(\.key))),
      Field("/settings/value", .texts(settings.map(\.value))),
      Field("/settings/provenance", .texts(settings.map(\.provenance))),
      Field("/settings/set_by", .texts(settings.map(\.setBy))),
      Field("/settings/published", .texts(settings.map { $0.published ?? "" })),
      Field("/settings/influences_results", .flags(settings.map(\.influencesResults))),
    ]
  }

  private var dataFields: [Field] { data.isEmpty ? [] : data.fields }

  private var historyFields: [Field] {
    guard !history.isEmpty else { return [] }
    return [
      Field("/history/step", .integers(history.map(\.step))),
      Field("/history/code_version", .texts(history.map(\.codeVersion))),
      Field("/history/hardware", .texts(history.map(\.hardware))),
      Field("/history/libraries", .texts(history.map(\.libraries))),
    ]
  }

  private func fields(of series: Series, at group: String, withLearningRate: Bool) -> [Field] {
    func reals(_ name: String, _ values: [Double]) -> Field {
      Field("\(group)/\(name)", .reals(values, shape: [values.count]))
    }
    var fields = [
      Field("\(group)/step", .integers(series.steps)), reals("loss", series.losses),
    ]
    for (name, values) in series.metrics.sorted(by: { $0.key < $1.key }) {
      fields.append(reals(name, values))
    }
    if withLearningRate { fields.append(reals("learning_rate", series.learningRates)) }
    fields.append(reals("density", series.densities))
    fields.append(reals("seconds", series.seconds))
    fields.append(Field("\(group)/examples", .integers(series.examples)))
    return fields
  }

  private var densityFields: [Field] {
    guard density.evaluations > 0 else { return [] }
    let shape = [density.evaluations, density.layers, density.heads]
    return [Field("/density", .reals(density.values, shape: shape))]
  }

  private var testFields: [Field] { test?.fields(at: "/test") ?? [] }

  private var costFields: [Field] {
    var fields = [Field("/cost/parameters", .integer(cost.parameters))]
    if let flops = cost.flops { fields.append(Field("/cost/flops", .real(flops))) }
    if let time = cost.millisecondsPerStep {
      fields.append(Field("/cost/milliseconds_per_step", .real(time)))
    }
    if let memory = cost.peakMemory { fields.append(Field("/cost/peak_memory", .integer(memory))) }
    if let count = cost.processes { fields.append(Field("/cost/processes", .integer(count))) }
    if let numbers = cost.trafficPerStep {
      fields.append(Field("/cost/traffic_per_step", .integer(numbers)))
    }
    return fields
  }
}

extension RunLog.Labels {
  /// The labels as attributes of a file.
  var fields: [Field] {
    [
      Field("/@run_id", .text(runID)), Field("/@experiment", .text(experiment)),
      Field("/@variant", .text(variant)), Field("/@task", .text(task)),
      Field("/@model", .text(model)), Field("/@mechanism", .text(mechanism)),
      Field("/@scale", .text(scale)), Field("/@protocol", .text(runProtocol)),
      Field("/@seed", .seed(seed)), Field("/@metric", .text(metric)),
      Field("/@steps", .integer(steps)),
    ]
  }
}

extension RunLog.Environment {
  /// The environment as attributes of a file.
  var fields: [Field] {
    [
      Field("/@created", .text(created)), Field("/@code_version", .text(codeVersion)),
      Field("/@hardware", .text(hardware)), Field("/@libraries", .texts(libraries)),
    ]
  }
}

extension [RunLog.DataSplit] {
  /// The splits as a table of a file.
  var fields: [Field] {
    [
      Field("/data/split", .texts(map(\.split))),
      Field("/data/examples", .integers(map(\.examples))),
      Field("/data/digest", .texts(map(\.digest))),
    ]
  }
}

extension RunLog.TestResult {
  /// The result as it lies in a group of a file.
  func fields(at group: String) -> [Field] {
    var fields = [
      Field("\(group)/step", .integer(step)), Field("\(group)/loss", .real(loss)),
    ]
    for (name, value) in metrics.sorted(by: { $0.key < $1.key }) {
      fields.append(Field("\(group)/\(name)", .real(value)))
    }
    if let density { fields.append(Field("\(group)/density", .real(density))) }
    if let exampleIndices {
      fields.append(Field("\(group)/examples", .integers(exampleIndices)))
    }
    func append(_ predictions: Field.Content, _ labels: Field.Content) {
      fields.append(Field("\(group)/predictions", predictions))
      fields.append(Field("\(group)/labels", labels))
    }
    switch answers {
    case .classes(let predictions, let labels): append(.integers(predictions), .integers(labels))
    case .values(let predictions, let labels):
      let shape = [predictions.count]
      append(.reals(predictions, shape: shape), .reals(labels, shape: shape))
    }
    return fields
  }
}
