import Arguments
import Benchmarks
import Diagnostics
import Foundation
import Torch

/// `sbm bench`: what mechanisms cost.
struct BenchCommand: CommandGroup {
  static let name = "bench"
  static let abstract = "Measure time and memory of attention mechanisms."
  static let subcommands: [any Command.Type] = [StepBench.self, AttentionBench.self]
}

/// `sbm bench step`
struct StepBench: Command {
  static let name = "step"
  static let abstract = "Time a training step of a model, as the trainer runs it."
  static let discussion = BenchOptions.discussion
  static let parameters = BenchOptions.parameters

  private let options: BenchOptions

  init(_ arguments: ParsedArguments) throws { options = try BenchOptions(arguments, .step) }

  func run() throws { try options.run() }
}

/// `sbm bench attention`
struct AttentionBench: Command {
  static let name = "attention"
  static let abstract = "Time one attention layer with its projections, forward or training."
  static let discussion = BenchOptions.discussion
  static let parameters = BenchOptions.parameters + [passes]

  private static let passes = Parameter<[String]>.list(
    "passes", value: "names", separator: ",", default: ["forward"],
    help: "forward: without gradients or dropout; training: forward with dropout, and backward.",
    check: {
      BenchmarkPoint.Pass(rawValue: $0) == nil ? "It must be forward or training." : nil
    })

  private let options: BenchOptions

  init(_ arguments: ParsedArguments) throws {
    options = try BenchOptions(
      arguments, .attention,
      passes: arguments[Self.passes].compactMap(BenchmarkPoint.Pass.init(rawValue:)))
  }

  func run() throws { try options.run() }
}

/// What both benchmarks take, and how they run.
struct BenchOptions: Sendable {
  static let discussion = """
    Each point (a mechanism, a length, a density) runs in a process of its own, so that its peak of \
    memory is its own (on other devices than the CPU that of tensors there); running out of memory is a \
    result. Times are milliseconds a sequence, the \
    median and the best of the timed steps; one step before them is not timed. Sequences are random \
    tokens without padding.
    """
  static let parameters: [any AnyParameter] = [
    kinds, model, lengths, densities, batch, steps, threads, shardTokens, portable, device, mixed,
    memoryLimit,
    inProcess, json,
  ]

  private static let kinds = Parameter<[String]>.list(
    "kinds", value: "names", separator: ",",
    help: "Mechanisms (\(BenchmarkPoint.kinds.joined(separator: " "))); all without it.",
    check: { BenchmarkPoint.kinds.contains($0) ? nil : "There is no mechanism '\($0)'." })
  private static let model = Parameter<String>.option(
    "model", value: "name", default: BenchmarkModel.lra.rawValue,
    help:
      "lra: the LRA classifier; glue: the encoder of GLUE's experiments under a classifier; mlm: the "
      + "same under the masked-LM head.",
    check: { BenchmarkModel(rawValue: $0) == nil ? "It must be lra, glue or mlm." : nil })
  private static let lengths = Parameter<[Int]>.list(
    "lengths", value: "tokens", separator: ",", default: [256, 1024, 4096, 16384],
    help: "Lengths of sequences.", check: positive)
  private static let densities = Parameter<[Double]>.list(
    "density", value: "shares", separator: ",", default: [0.25],
    help: "Shares of pairs that sbm begins with.",
    check: { $0 > 0 && $0 < 1 ? nil : "It must be between 0 and 1." })
  private static let batch = Parameter<Int>.option(
    "batch", value: "sequences", default: 8, help: "Sequences a step.", check: positive)
  private static let steps = Parameter<Int>.option(
    "steps", value: "count", default: 3, help: "Timed steps.", check: positive)
  private static let threads = Parameter<Int>.option(
    "threads", value: "count", default: 0, help: "Worker threads; 0 for one a core.",
    check: { $0 >= 0 ? nil : "It cannot be negative." })
  private static let shardTokens = Parameter<Int>.option(
    "shard-tokens", value: "tokens", default: 0,
    help: "The most tokens of a shard; 0 gives every thread two shards.",
    check: { $0 >= 0 ? nil : "It cannot be negative." })
  private static let portable = Parameter<Bool>.flag(
    "portable", help: "Use libtorch's operators only, no native kernels.")
  private static let device = DeviceOption.parameter
  private static let mixed = Parameter<Bool>.flag(
    "bfloat16", help: "Take matrix products in bfloat16 (not on the CPU).")
  private static let memoryLimit = Parameter<Int>.option(
    "memory-limit", value: "MB", default: 0,
    help: "The most memory a point may take; 0 for what is available.",
    check: { $0 >= 0 ? nil : "It cannot be negative." })
  private static let inProcess = Parameter<Bool>.flag(
    "in-process", help: "Measure in this process; the peak of memory is then that of all points.")
  private static let json = Parameter<Bool>.flag("json", help: "Print one JSON object a line.")

  private static func positive(_ value: Int) -> String? {
    value > 0 ? nil : "It must be positive."
  }

  private let points: [BenchmarkPoint]
  private let memoryLimit: Int
  private let inProcess: Bool
  private let json: Bool

  init(
    _ arguments: ParsedArguments, _ measure: BenchmarkPoint.Measure,
    passes: [BenchmarkPoint.Pass] = [.forward]
  ) throws {
    let kinds = arguments[Self.kinds]
    guard !arguments[Self.mixed] || arguments[Self.device] != "cpu" else {
      throw ValidationError("'--bfloat16' needs '--device cuda'.")
    }
    var points: [BenchmarkPoint] = []
    for length in arguments[Self.lengths] {
      for kind in kinds.isEmpty ? BenchmarkPoint.kinds : kinds {
        var point = BenchmarkPoint(
          measure: measure, kind: kind, length: length, batch: arguments[Self.batch],
          steps: arguments[Self.steps], threads: arguments[Self.threads],
          shardTokens: arguments[Self.shardTokens], isPortable: arguments[Self.portable],
          device: Device(name: arguments[Self.device]), isMixed: arguments[Self.mixed])
        point.model = BenchmarkModel(rawValue: arguments[Self.model]) ?? .lra
        for density in arguments[Self.densities].prefix(point.samples ? .max : 1) {
          point.density = density
          for pass in passes {
            point.pass = pass
            points.append(point)
          }
        }
      }
    }
    self.points = points
    memoryLimit = arguments[Self.memoryLimit]
    inProcess = arguments[Self.inProcess]
    json = arguments[Self.json]
  }

  func run() throws {
    if let device = points.first?.device { try DeviceOption.require(device) }
    if inProcess, memoryLimit > 0 { ChildProcess.limitMemory(to: memoryLimit) }
    if !json {
      let kind = "kind".padding(toLength: kindWidth, withPad: " ", startingAt: 0)
      try Output.line(kind + "  length  batch  ms/sequence  best ms  peak MB  density")
    }
    for point in points {
      let result = try measure(point)
      if json { try Output.json(result.json) } else { try Output.line(row(result)) }
      try Output.flush()
    }
  }

  private func measure(_ point: BenchmarkPoint) throws -> BenchmarkResult {
    let limit = memoryLimit > 0 ? memoryLimit : ChildProcess.availableMemory()
    // What is wrong with a point's sizes, measuring tells.
    if let least = try? point.leastMemory(), least > Double(limit) * 0x1p20 {
      return BenchmarkResult(point, failure: "out of memory")
    }
    if inProcess { return try Benchmark.run(point) }
    var arguments = [
      BenchCommand.name, point.measure.rawValue, "--kinds", point.kind, "--model",
      point.model.rawValue, "--lengths",
      "\(point.length)", "--batch", "\(point.batch)", "--density", "\(point.density)", "--steps",
      "\(point.steps)", "--threads", "\(point.threads)", "--shard-tokens", "\(point.shardTokens)",
      ChildProcess.marker, "--json",
    ]
    if point.isPortable { arguments.append("--portable") }
    if !point.device.isCPU { arguments += ["--device", point.device.name] }
    if point.isMixed { arguments.append("--bfloat16") }
    if point.measure == .attention { arguments += ["--passes", point.pass.rawValue] }
    return try ChildProcess.run(
      point, program: "/proc/self/exe", arguments: arguments, memoryLimit: limit)
  }

  /// Room for a kind and its pass.
  private var kindWidth: Int {
    points.contains { $0.pass == .training } ? 20 : 12
  }

  private func row(_ result: BenchmarkResult) -> String {
    func right(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    func number(_ value: Double?, _ digits: Int, _ width: Int) -> String {
      right(value.map { String(format: "%.\(digits)f", $0) } ?? "", width)
    }
    let kind = result.kind + (result.pass.map { " \($0)" } ?? "")
    let head =
      kind.padding(toLength: max(kindWidth, kind.count), withPad: " ", startingAt: 0)
      + right("\(result.length)", 8) + right("\(result.batch)", 7)
    if let failure = result.failure { return head + "  " + failure }
    return head + number(result.millisecondsPerSequence, 2, 13)
      + number(result.bestMillisecondsPerSequence, 2, 9)
      + right(result.peakMemory.map(String.init) ?? "", 9) + number(result.density, 4, 9)
  }
}
