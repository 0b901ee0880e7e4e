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
        isDevice(run.device)
          ? nil
          : Violation(
            keys: ["device"], problem: "expected cpu, cuda or cuda:<index>, found '\(run.device)'"),
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
    let length = run.data.paddedLength
    func option(_ name: String) -> Int? { run.attention.options[name]?.integer }
    func violation(_ name: String, _ problem: String, _ hint: String) -> [Violation] {
      [
        Violation(
          keys: ["attention.\(name)", "data.padded_length", "attention.kind"], problem: problem,
          hint: hint)
      ]
    }
    switch run.attention.kind {
    case "nystrom":
      guard let landmarks = option("landmarks"), length % landmarks != 0 else { return [] }
      return violation(
        "landmarks", "\(landmarks) landmarks do not divide data.padded_length \(length)",
        "The nearest number that does is \(nearestDivisor(of: length, to: landmarks)).")
    case "linformer":
      guard let rank = option("rank"), rank > length else { return [] }
      return violation(
        "rank", "rank \(rank) exceeds data.padded_length \(length)",
        "A rank is at most the length.")
    default: return []
    }
  }

  private static func data(_ run: RunConfiguration) -> [Violation] {
    let data = run.data
    if data.length > data.paddedLength {
      return [
        Violation(
          keys: ["data.length", "data.padded_length"],
          problem: "texts keep \(data.length) tokens, but are padded to \(data.paddedLength)",
          hint: "Set data.padded_length to at least data.length.")
      ]
    }
    let isImage = run.task == .image || run.task == .pathfinder32
    if isImage, data.length != 1024 {
      return [
        Violation(
          keys: ["data.length"], problem: "images have 1024 pixels, not \(data.length)",
          hint: "Leave data.length out.")
      ]
    }
    return []
  }

  private static func nearestDivisor(of length: Int, to wanted: Int) -> Int {
    (1...length).lazy.filter { length % $0 == 0 }
      .min { abs($0 - wanted) < abs($1 - wanted) } ?? 1
  }

  private static func isDevice(_ device: String) -> Bool {
    if device == "cpu" || device == "cuda" { return true }
    guard device.hasPrefix("cuda:") else { return false }
    return Int(device.dropFirst("cuda:".count)).map { $0 >= 0 } ?? false
  }
}
