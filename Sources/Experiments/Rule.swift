/// Conditions on several settings together.
enum Rule {
  /// A condition that a run breaks; the keys are those that it is about.
  struct Violation {
    var keys: [String]
    var problem: String
    var hint: String?
  }

  static func violations(of run: RunConfiguration, seedsAreGiven: Bool) -> [Violation] {
    model(run) + training(run) + attention(run) + data(run)
      + [
        seedsAreGiven || run.runProtocol != .strict
          ? nil
          : Violation(
            keys: ["protocol"], problem: "protocol strict needs seeds",
            hint: "Add `seeds: [0]` or give --seeds."),
        RunConfiguration.isDeviceName(run.device)
          ? nil
          : Violation(
            keys: ["device"], problem: "expected cpu, cuda or cuda:<index>, found '\(run.device)'"),
        run.training.precision == .float32 || run.device != "cpu"
          ? nil
          : Violation(
            keys: ["training.precision", "device"],
            problem: "the CPU's kernels compute in float32, not in \(run.training.precision)",
            hint: "Leave training.precision out, or set device: cuda."),
      ].compactMap { $0 }
  }

  private static func model(_ run: RunConfiguration) -> [Violation] {
    let model = run.model
    guard model.heads * model.headDim != model.dim else { return [] }
    let hint =
      model.dim % model.heads == 0
      ? "With \(model.heads) heads, head_dim is \(model.dim / model.heads)."
      : "\(model.heads) heads do not divide \(model.dim)."
    return [
      Violation(
        keys: ["model.dim", "model.heads", "model.head_dim"],
        problem: "heads * head_dim is \(model.heads) * \(model.headDim) ="
          + " \(model.heads * model.headDim), but dim is \(model.dim)", hint: hint)
    ]
  }

  private static func training(_ run: RunConfiguration) -> [Violation] {
    let training = run.training
    var violations: [Violation] = []
    if training.warmup >= training.steps {
      violations.append(
        Violation(
          keys: ["training.warmup", "training.steps"],
          problem: "warm-up takes \(training.warmup) of \(training.steps) steps",
          hint: "Set training.warmup below \(training.steps); the learning rate falls after it."))
    }
    if training.evalEvery > training.steps {
      violations.append(
        Violation(
          keys: ["training.eval_every", "training.steps"],
          problem: "dev is evaluated every \(training.evalEvery) steps, but there are only"
            + " \(training.steps)",
          hint: "Set training.eval_every to \(training.steps) or less."))
    }
    if training.peakLearningRate == 0 {
      violations.append(
        Violation(
          keys: ["training.peak_learning_rate"], problem: "a learning rate of 0 learns nothing"))
    }
    return violations
  }

  private static func attention(_ run: RunConfiguration) -> [Violation] {
    guard
      let problem = run.schema.mechanism(run.attention.kind)?
        .problem(run.attention.options, paddedLength: run.data.paddedLength)
    else { return [] }
    return [
      Violation(
        keys: ["attention.\(problem.option)"]
          + (problem.concernsLength ? ["data.padded_length"] : []) + ["attention.kind"],
        problem: problem.problem, hint: problem.hint)
    ]
  }

  private static func data(_ run: RunConfiguration) -> [Violation] {
    let data = run.data
    if run.task == .labelled, let violation = tables(data.tables) { return [violation] }
    if data.length > data.paddedLength {
      return [
        Violation(
          keys: ["data.length", "data.padded_length"],
          problem: "texts keep \(data.length) tokens, but are padded to \(data.paddedLength)",
          hint: "Set data.padded_length to at least data.length.")
      ]
    }
    if let side = run.schema.task(run.task)?.imageSide, data.length != side * side {
      return [
        Violation(
          keys: ["data.length"],
          problem: "images have \(side * side) pixels, not \(data.length)",
          hint: "Leave data.length out.")
      ]
    }
    return []
  }

  private static func tables(_ tables: TableSettings) -> Violation? {
    let files = [
      ("data.train_file", tables.train), ("data.dev_file", tables.dev),
      ("data.test_file", tables.test),
    ]
    for (key, path) in files where !path.isEmpty || key == "data.train_file" {
      let suffix = path.split(separator: ".").last.map { $0.lowercased() } ?? ""
      guard ["tsv", "csv", "jsonl"].contains(suffix) else {
        return Violation(
          keys: [key], problem: "'\(path)' does not tell its format",
          hint: "Name a table that ends in .tsv, .csv or .jsonl.")
      }
    }
    let keys = ["data.text_column", "data.second_text_column", "data.label_column"]
    let numbers = tables.columns.filter { Int($0) != nil }
    if !numbers.isEmpty, numbers.count < tables.columns.count {
      return Violation(
        keys: keys, problem: "some columns have names, others numbers",
        hint: "Name all of them, or number all of them if the table has no header.")
    }
    if Set(tables.columns).count < tables.columns.count || tables.columns.contains("") {
      return Violation(keys: keys, problem: "the texts and the label need a column each")
    }
    if tables.dev.isEmpty, tables.devShare == 0 {
      return Violation(
        keys: ["data.dev_share", "data.dev_file"], problem: "there is nothing to select on",
        hint: "Name a data.dev_file, or set data.dev_share above 0.")
    }
    let classes = tables.classList
    if tables.target == .number, !classes.isEmpty {
      return Violation(
        keys: ["data.classes", "data.target"], problem: "numbers have no classes",
        hint: "Leave data.classes out, or set data.target: class.")
    }
    if classes.count == 1 || Set(classes).count < classes.count {
      return Violation(
        keys: ["data.classes"], problem: "expected two or more different classes",
        hint: "For example data.classes: \"negative, positive\".")
    }
    return nil
  }
}

extension RunConfiguration {
  /// Whether a device can have this name: cpu, cuda or cuda:<index>.
  public static func isDeviceName(_ device: String) -> Bool {
    if device == "cpu" || device == "cuda" { return true }
    guard device.hasPrefix("cuda:") else { return false }
    return Int(device.dropFirst("cuda:".count)).map { $0 >= 0 } ?? false
  }
}
