import Tasks

extension RunLog {
  /// Everything that the file of a run log holds, in its order.
  static let layout = LogLayout<RunLog>(
    name: "run log", format: format, version: formatVersion,
    fields: [
      Labels.fields.map { $0.of(\.labels) }, progress,
      Environment.fields.map { $0.of(\.environment) }, outcome, tables,
      Series.fields(.train).map { $0.of(\.train, in: "/train") },
      Series.fields(.dev).map { $0.of(\.dev, in: "/dev") }, [headDensity, result],
      Cost.fields.map { $0.of(\.cost, in: "/cost") },
    ].flatMap { $0 })

  /// All attributes and data sets that a run log may have, but for metrics.
  package static var fieldPaths: [String] { layout.paths }

  private static let progress: [LogField<RunLog>] = [
    // Less than 0 until the curves have been read.
    LogField("/@status", \.status), LogField("/@steps_done", \.stepsDone, whereAbsent: -1),
  ]

  private static let outcome: [LogField<RunLog>] = [
    .copy("/@parameters", of: \.cost.parameters),
    // Older programs knew no other order.
    LogField("/@summation", \.summation, whereAbsent: .sequence),
    LogField("/@selection", \.selection, whereAbsent: .earliest),
    LogField("/@kernel_revision", \.kernels, isComputed: false, whereAbsent: .first),
    LogField("/@initial_digest", \.initialDigest, isComputed: false),
    LogField("/@verdict", \.verdict), LogField("/@failure", \.failure),
  ]

  private static let tables: [LogField<RunLog>] = [
    // What it says stands in the table below, with whether it can influence results.
    LogField("/config", \.configuration, isComputed: false),
    .table(
      "/settings", \.settings, blank: .init(key: "", value: "", provenance: ""),
      isOptional: false, isComputed: false, Setting.columns),
    .table(
      "/data", \.data, blank: .init(split: "", examples: 0, digest: ""), isOptional: true,
      DataSplit.columns),
    .table(
      "/history", \.history, blank: .init(step: 0, codeVersion: "", hardware: "", libraries: ""),
      isOptional: true, isComputed: false, Stretch.columns),
  ]

  private static let result: LogField<RunLog> = .optional(
    \.test, in: "/test", blank: .blank, TestResult.fields)

  /// The density of every head, a row for each row of the curve on dev.
  private static let headDensity = LogField<RunLog>(
    paths: ["/density"],
    entries: { log in
      let density = log.density
      guard density.evaluations > 0 else { return [] }
      let shape = [density.evaluations, density.layers, density.heads]
      return [LogEntry(path: "/density", content: LogValues(density.values, shape: shape))]
    },
    read: { reader, log in
      guard try reader.exists("/density") else { return }
      let dataset = try reader.dataset("/density")
      let (shape, evaluations) = (try dataset.shape, log.dev.count)
      guard shape.count == 3, shape[0] == evaluations, shape[1] > 0, shape[2] > 0 else {
        throw reader.problem(
          "/density",
          "its shape \(shape) is not [\(evaluations), layers, heads], \(evaluations) being the "
            + "rows of /dev")
      }
      (log.density.layers, log.density.heads) = (shape[1], shape[2])
      log.density.values = try dataset.read()
    }
  ).checked({ $0.density.values }, .density)
}

extension RunLog.Status: LogValue {}
extension RunLog.Verdict: LogValue {}
extension Summation: LogValue {}
extension Selection: LogValue {}
extension KernelRevision: LogValue {}

// MARK: Parts

extension RunLog.Labels {
  static let fields: [LogField<Self>] = [
    LogField("/@run_id", \.runID), LogField("/@experiment", \.experiment),
    LogField("/@variant", \.variant), LogField("/@task", \.task), LogField("/@model", \.model),
    LogField("/@mechanism", \.mechanism), LogField("/@scale", \.scale),
    LogField("/@protocol", \.runProtocol), LogField("/@seed", \.seed),
    LogField("/@metric", \.metric), LogField("/@steps", \.steps),
  ]

  static let blank = Self(
    runID: "", experiment: "", task: "", model: "", mechanism: "", runProtocol: "", seed: 0,
    steps: 0)
}

extension RunLog.Environment {
  static let fields: [LogField<Self>] = [
    LogField("/@created", \.created, isComputed: false),
    LogField("/@code_version", \.codeVersion),
    LogField("/@hardware", \.hardware, isComputed: false), LogField("/@libraries", \.libraries),
  ]

  static let blank = Self(created: "", codeVersion: "", hardware: "", libraries: [])
}

extension RunLog.Setting {
  static let columns: [LogColumn<Self>] = [
    LogColumn("key", \.key), LogColumn("value", \.value), LogColumn("provenance", \.provenance),
    LogColumn("set_by", \.setBy), LogColumn("published", \.publishedText, whereAbsent: ""),
    LogColumn("influences_results", \.influencesResults),
  ]

  /// ``published`` as its column has it: empty for none.
  fileprivate var publishedText: String {
    get { published ?? "" }
    set { published = newValue.isEmpty ? nil : newValue }
  }
}

extension RunLog.DataSplit {
  static let columns: [LogColumn<Self>] = [
    LogColumn("split", \.split), LogColumn("examples", \.examples), LogColumn("digest", \.digest),
  ]
}

extension RunLog.Stretch {
  static let columns: [LogColumn<Self>] = [
    LogColumn("step", \.step), LogColumn("code_version", \.codeVersion),
    LogColumn("hardware", \.hardware), LogColumn("libraries", \.libraries),
  ]
}

extension RunLog.Cost {
  static let fields: [LogField<Self>] = [
    LogField("/parameters", \.parameters), LogField("/flops", \.flops),
    LogField("/milliseconds_per_step", \.millisecondsPerStep, isComputed: false),
    LogField("/peak_memory", \.peakMemory, isComputed: false),
    LogField("/processes", \.processes, isComputed: false),
    LogField("/traffic_per_step", \.trafficPerStep, isComputed: false),
  ]
}

extension RunLog.TestResult {
  static let fields: [LogField<Self>] = [
    LogField("/step", \.step),
    LogField("/loss", \.loss).checked({ [$0.loss] }, .loss),
    .metrics(\.metrics, read: { reader, path, _ in try reader.value(path) }, check: { [$0] }),
    LogField("/density", \.density).checked({ [$0.density].compactMap { $0 } }, .density),
    answers,
  ]

  static let blank = Self(
    step: 0, loss: 0, metrics: [:], answers: .classes(predictions: [], labels: []))

  /// Which examples were asked, what was answered, and what was right.
  private static let answers = LogField<Self>(
    paths: ["/examples", "/predictions", "/labels"],
    entries: { result in
      let (predictions, labels): (any LogContent, any LogContent) =
        switch result.answers {
        case .classes(let predictions, let labels): (LogValues(predictions), LogValues(labels))
        case .values(let predictions, let labels): (LogValues(predictions), LogValues(labels))
        }
      let examples = result.exampleIndices.map {
        LogEntry(path: "/examples", content: LogValues($0))
      }
      return [examples].compactMap { $0 } + [
        LogEntry(path: "/predictions", content: predictions),
        LogEntry(path: "/labels", content: labels),
      ]
    },
    read: { reader, result in
      let predictions = try reader.dataset("/predictions")
      let count = try predictions.count
      if case .integer = try predictions.type {
        result.answers = .classes(
          predictions: try predictions.read(), labels: try reader.column("/labels", count))
      } else {
        result.answers = .values(
          predictions: try predictions.read(), labels: try reader.column("/labels", count))
      }
      // Logs of before they were kept do not have them.
      if try reader.exists("/examples") {
        result.exampleIndices = try reader.column("/examples", count)
      }
    })
}
