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
      + fields(of: train, at: "/train", withLearningRate: true)
      + fields(of: dev, at: "/dev", withLearningRate: false)
      + densityFields + testFields + costFields
  }

  private var attributes: [Field] {
    var fields = [
      Field("/@format", .text(Self.format)),
      Field("/@format_version", .integer(Self.formatVersion)),
      Field("/@run_id", .text(labels.runID)),
      Field("/@experiment", .text(labels.experiment)),
      Field("/@variant", .text(labels.variant)),
      Field("/@task", .text(labels.task)),
      Field("/@model", .text(labels.model)),
      Field("/@mechanism", .text(labels.mechanism)),
      Field("/@scale", .text(labels.scale)),
      Field("/@protocol", .text(labels.runProtocol)),
      Field("/@seed", .seed(labels.seed)),
      Field("/@metric", .text(labels.metric)),
      Field("/@steps", .integer(labels.steps)),
      Field("/@status", .text(status.rawValue)),
      Field("/@steps_done", .integer(stepsDone)),
      Field("/@created", .text(environment.created)),
      Field("/@code_version", .text(environment.codeVersion)),
      Field("/@hardware", .text(environment.hardware)),
      Field("/@libraries", .texts(environment.libraries)),
      Field("/@parameters", .integer(cost.parameters)),
    ]
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

  private var dataFields: [Field] {
    guard !data.isEmpty else { return [] }
    return [
      Field("/data/split", .texts(data.map(\.split))),
      Field("/data/examples", .integers(data.map(\.examples))),
      Field("/data/digest", .texts(data.map(\.digest))),
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

  private var testFields: [Field] {
    guard let test else { return [] }
    var fields = [
      Field("/test/step", .integer(test.step)), Field("/test/loss", .real(test.loss)),
    ]
    for (name, value) in test.metrics.sorted(by: { $0.key < $1.key }) {
      fields.append(Field("/test/\(name)", .real(value)))
    }
    if let density = test.density { fields.append(Field("/test/density", .real(density))) }
    if let indices = test.exampleIndices {
      fields.append(Field("/test/examples", .integers(indices)))
    }
    switch test.answers {
    case .classes(let predictions, let labels):
      fields.append(Field("/test/predictions", .integers(predictions)))
      fields.append(Field("/test/labels", .integers(labels)))
    case .values(let predictions, let labels):
      fields.append(Field("/test/predictions", .reals(predictions, shape: [predictions.count])))
      fields.append(Field("/test/labels", .reals(labels, shape: [labels.count])))
    }
    return fields
  }

  private var costFields: [Field] {
    var fields = [Field("/cost/parameters", .integer(cost.parameters))]
    if let flops = cost.flops { fields.append(Field("/cost/flops", .real(flops))) }
    if let time = cost.millisecondsPerStep {
      fields.append(Field("/cost/milliseconds_per_step", .real(time)))
    }
    if let memory = cost.peakMemory { fields.append(Field("/cost/peak_memory", .integer(memory))) }
    return fields
  }
}
