import HDF5

extension RunLog {
  /// Reads a log.
  ///
  /// Throws `HDF5Error` where the file cannot be read or lacks something, `RunLogError` where it
  /// is no run log, has a newer layout, or contradicts itself.
  public init(reading path: String) throws {
    let reader = LogReader(file: try HDF5File(reading: path))
    try reader.checkFormat()
    let labels = try reader.labels()
    self.init(
      labels: labels, environment: try reader.environment(),
      configuration: try reader.scalar("/config"),
      settings: ImpliedSetting.completing(try reader.settings(), mechanism: labels.mechanism),
      cost: try reader.cost())
    status = try reader.choice("status")
    verdict = try reader.optional("verdict") { try reader.choice($0) }
    failure = try reader.optional("failure") { try reader.file.attribute($0) }
    // Older ones know no other.
    summation = try reader.optional("summation") { try reader.choice($0) } ?? .sequence
    data = try reader.data()
    history = try reader.history()
    train = try reader.series("train", withLearningRate: true)
    dev = try reader.series("dev", withLearningRate: false)
    // Logs of before the attribute tell it by their last row.
    stepsDone =
      try reader.optional("steps_done") { try reader.file.attribute($0) }
      ?? max(train.steps.last ?? 0, dev.steps.last ?? 0)
    density = try reader.density(evaluations: dev.count)
    test = try reader.result("test")
    if let (key, problem) = firstImpossibility { throw reader.problem(key, problem) }
  }
}

/// Reads the parts of a log, checking each.
struct LogReader {
  let file: HDF5File

  func problem(_ key: String, _ problem: String) -> RunLogError {
    RunLogError(file: file.file, key: key, problem: problem)
  }

  func checkFormat() throws {
    try checkFormat(RunLog.format, version: RunLog.formatVersion, isCalled: "run log")
  }

  func checkFormat(_ wanted: String, version known: Int, isCalled name: String) throws {
    let format: String? = try optional("format") { try file.attribute($0) }
    guard format == wanted else {
      let found = format.map { "'\($0)'" } ?? "missing"
      throw problem("/@format", "this is no \(name): the attribute is \(found), not '\(wanted)'")
    }
    let version: Int = try file.attribute("format_version")
    guard version == known else {
      throw problem(
        "/@format_version",
        "layout \(version) is not known here (only \(known)): use the program's version that wrote it"
      )
    }
  }

  func labels() throws -> RunLog.Labels {
    RunLog.Labels(
      runID: try file.attribute("run_id"), experiment: try file.attribute("experiment"),
      variant: try file.attribute("variant"), task: try file.attribute("task"),
      model: try file.attribute("model"), mechanism: try file.attribute("mechanism"),
      scale: try file.attribute("scale"), runProtocol: try file.attribute("protocol"),
      seed: try file.attribute("seed"), metric: try file.attribute("metric"),
      steps: try file.attribute("steps"))
  }

  func environment() throws -> RunLog.Environment {
    RunLog.Environment(
      created: try file.attribute("created"), codeVersion: try file.attribute("code_version"),
      hardware: try file.attribute("hardware"),
      libraries: try file.attributeArray("libraries"))
  }

  func settings() throws -> [RunLog.Setting] {
    let keys: [String] = try file.read("/settings/key")
    let values: [String] = try column("/settings/value", keys.count)
    let provenances: [String] = try column("/settings/provenance", keys.count)
    let setBy: [String] = try column("/settings/set_by", keys.count)
    let influences: [Bool] = try column("/settings/influences_results", keys.count)
    // Logs of before the column do not tell.
    let published: [String] =
      try file.exists("/settings/published")
      ? try column("/settings/published", keys.count)
      : Array(repeating: "", count: keys.count)
    return keys.indices.map {
      RunLog.Setting(
        key: keys[$0], value: values[$0], provenance: provenances[$0], setBy: setBy[$0],
        published: published[$0].isEmpty ? nil : published[$0], influencesResults: influences[$0])
    }
  }

  func data() throws -> [RunLog.DataSplit] {
    guard try file.exists("data") else { return [] }
    let splits: [String] = try file.read("/data/split")
    let examples: [Int] = try column("/data/examples", splits.count)
    let digests: [String] = try column("/data/digest", splits.count)
    return splits.indices.map {
      RunLog.DataSplit(split: splits[$0], examples: examples[$0], digest: digests[$0])
    }
  }

  func history() throws -> [RunLog.Stretch] {
    guard try file.exists("history") else { return [] }
    let steps: [Int] = try file.read("/history/step")
    let versions: [String] = try column("/history/code_version", steps.count)
    let hardware: [String] = try column("/history/hardware", steps.count)
    let libraries: [String] = try column("/history/libraries", steps.count)
    return steps.indices.map {
      RunLog.Stretch(
        step: steps[$0], codeVersion: versions[$0], hardware: hardware[$0],
        libraries: libraries[$0])
    }
  }

  func series(_ name: String, withLearningRate: Bool) throws -> RunLog.Series {
    var series = RunLog.Series()
    series.steps = try file.read("/\(name)/step")
    let count = series.steps.count
    for (previous, next) in zip(series.steps, series.steps.dropFirst()) where next <= previous {
      throw problem("/\(name)/step", "steps must increase; \(next) follows \(previous)")
    }
    series.losses = try column("/\(name)/loss", count)
    series.learningRates =
      withLearningRate
      ? try column("/\(name)/learning_rate", count) : Array(repeating: .nan, count: count)
    series.densities = try column("/\(name)/density", count)
    series.seconds = try column("/\(name)/seconds", count)
    series.examples = try column("/\(name)/examples", count)
    for metric in try file.group(name).children() where !RunLog.seriesColumns.contains(metric) {
      series.metrics[metric] = try column("/\(name)/\(metric)", count)
    }
    return series
  }

  func density(evaluations: Int) throws -> RunLog.HeadDensity {
    var density = RunLog.HeadDensity()
    guard try file.exists("density") else { return density }
    let dataset = try file.dataset("density")
    let shape = try dataset.shape
    guard shape.count == 3, shape[0] == evaluations, shape[1] > 0, shape[2] > 0 else {
      throw problem(
        "/density",
        "its shape \(shape) is not [\(evaluations), layers, heads], \(evaluations) being the "
          + "rows of /dev")
    }
    (density.layers, density.heads) = (shape[1], shape[2])
    density.values = try dataset.read()
    return density
  }

  /// The result in a group; nil if there is no such group.
  func result(_ group: String) throws -> RunLog.TestResult? {
    guard try file.exists(group) else { return nil }
    var metrics: [String: Double] = [:]
    for metric in try file.group(group).children() where !RunLog.testColumns.contains(metric) {
      metrics[metric] = try scalar("/\(group)/\(metric)") as Double
    }
    var result = RunLog.TestResult(
      step: try scalar("/\(group)/step"), loss: try scalar("/\(group)/loss"), metrics: metrics,
      density: try optionalScalar("/\(group)/density"), answers: try answers(group))
    if try file.exists("/\(group)/examples") {
      result.exampleIndices = try column("/\(group)/examples", result.targets)
    }
    return result
  }

  private func answers(_ group: String) throws -> RunLog.TestResult.Answers {
    let predictions = try file.dataset("/\(group)/predictions")
    let count = try predictions.count
    if case .integer = try predictions.type {
      return .classes(
        predictions: try predictions.read(), labels: try column("/\(group)/labels", count))
    }
    return .values(
      predictions: try predictions.read(), labels: try column("/\(group)/labels", count))
  }

  func cost() throws -> RunLog.Cost {
    var cost = RunLog.Cost(
      parameters: try scalar("/cost/parameters"), flops: try optionalScalar("/cost/flops"),
      millisecondsPerStep: try optionalScalar("/cost/milliseconds_per_step"),
      peakMemory: try optionalScalar("/cost/peak_memory"))
    cost.processes = try optionalScalar("/cost/processes")
    cost.trafficPerStep = try optionalScalar("/cost/traffic_per_step")
    return cost
  }

  // MARK: Pieces

  /// Reads a column, which must have as many rows as the others of its table.
  func column<Value: HDF5Element>(_ path: String, _ count: Int) throws -> [Value] {
    let values: [Value] = try file.read(path)
    guard values.count == count else {
      throw problem(path, "has \(values.count) rows where its table has \(count)")
    }
    return values
  }

  func scalar<Value: HDF5Element>(_ path: String) throws -> Value {
    try file.dataset(path).readScalar()
  }

  func optionalScalar<Value: HDF5Element>(_ path: String) throws -> Value? {
    try file.exists(path) ? try scalar(path) : nil
  }

  func optional<Value>(_ attribute: String, _ read: (String) throws -> Value) throws -> Value? {
    try file.hasAttribute(attribute) ? try read(attribute) : nil
  }

  /// Reads an attribute that is one of a few words.
  func choice<Value: RawRepresentable & CaseIterable>(_ attribute: String) throws -> Value
  where Value.RawValue == String {
    let word: String = try file.attribute(attribute)
    guard let value = Value(rawValue: word) else {
      let known = Value.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
      throw problem("/@\(attribute)", "'\(word)' is none of \(known)")
    }
    return value
  }
}
