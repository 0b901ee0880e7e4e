import Attention
import Foundation
import Models
import NN
import Randomness
import Settings
import Torch

/// One point of a benchmark: what is measured, at which sizes.
public struct BenchmarkPoint: Sendable, Equatable {
  /// What is timed.
  public enum Measure: String, CaseIterable, Sendable {
    /// A whole training step of a model: forward, loss, backward, AdamW.
    case step
    /// One attention layer with its projections.
    case attention
  }

  /// What of an attention layer is timed.
  public enum Pass: String, CaseIterable, Sendable {
    /// The forward pass, without gradients or dropout.
    case forward
    /// Forward with attention dropout, then backward to the input and all parameters.
    case training
  }

  /// What is timed.
  public var measure: Measure
  /// What of an attention layer is timed; of no meaning to steps.
  public var pass: Pass
  /// The model whose steps are timed, or whose sizes the layer has.
  public var model = BenchmarkModel.lra
  /// A name of ``kinds``.
  public var kind: String
  /// Tokens of a sequence; none is padding.
  public var length: Int
  /// Sequences of a step.
  public var batch: Int
  /// The density at which `sbm` begins.
  public var density: Double
  /// Timed steps, after one that is not.
  public var steps: Int
  /// Worker threads; 0 for one a core.
  public var threads: Int
  /// The most tokens of a shard; 0 gives every thread two shards.
  public var shardTokens: Int
  /// libtorch's operators only, no native kernels.
  public var isPortable: Bool
  /// Where: libtorch's name of the device. On others than the CPU one thread works, on whole batches unless
  /// `shardTokens` says otherwise.
  public var device: Device
  /// Matrix products in bfloat16.
  public var isMixed: Bool

  /// A point.
  public init(
    measure: Measure, pass: Pass = .forward, kind: String, length: Int, batch: Int,
    density: Double = 0.25, steps: Int = 3, threads: Int = 0, shardTokens: Int = 0,
    isPortable: Bool = false, device: Device = .cpu, isMixed: Bool = false
  ) {
    self.measure = measure
    self.pass = pass
    self.kind = kind
    self.length = length
    self.batch = batch
    self.density = density
    self.steps = steps
    self.threads = threads
    self.shardTokens = shardTokens
    self.isPortable = isPortable
    self.device = device
    self.isMixed = isMixed
  }

  /// Every mechanism, some in several variants.
  public static var kinds: [String] {
    AttentionRegistry.mechanisms.flatMap { $0.benchmarks(density: 0.25).map(\.name) }
  }

  /// The mechanism of the kind, and its options for the density.
  private var variant:
    (
      mechanism: any AttentionMechanism.Type, options: [String: SettingValue]
    )
  {
    for mechanism in AttentionRegistry.mechanisms {
      for variant in mechanism.benchmarks(density: density) where variant.name == kind {
        return (mechanism, variant.options)
      }
    }
    preconditionFailure("no benchmark of a kind '\(kind)'")
  }

  /// Whether the kind samples edges, so that the density matters.
  public var samples: Bool { variant.mechanism.samplesPairs }

  /// The benchmark's model, the yardstick's sizes.
  func modelConfiguration() -> ModelConfiguration {
    let (mechanism, options) = variant
    return model.configuration(mechanism, options: options, length: length)
  }

  /// Bytes that the point takes at the very least: its parameters with what training keeps of each, and
  /// its inputs. Known from the sizes, so that a point that cannot fit is not begun.
  ///
  /// - Throws: `AttentionError` when the sizes do not fit the mechanism.
  public func leastMemory() throws -> Double {
    let parameters: Int
    do {
      var outline = self
      outline.device = .cpu
      parameters = try withError {
        try withoutElements { try outline.module().parameterCount }
      }
    } catch is TorchError {
      // The bytes of a tensor are beyond a 64-bit number.
      return .infinity
    }
    let copies =
      switch (measure, pass) {
      // Value, gradient and AdamW's moments.
      case (.step, _): 4
      case (.attention, .training): 2
      case (.attention, .forward): 1
      }
    let inputBytes =
      measure == .step
      ? MemoryLayout<UInt16>.size : modelConfiguration().dim * MemoryLayout<Float>.size
    return Double(parameters) * Double(copies * MemoryLayout<Float>.size)
      + Double(batch) * Double(length) * Double(inputBytes)
  }

  private func module() throws -> any Module {
    switch measure {
    case .step: try sequenceModel()
    case .attention: try block()
    }
  }

  /// The model whose steps are measured.
  func sequenceModel() throws -> SequenceModel {
    let model = try SequenceModel(modelConfiguration(), stream: RandomStream(seed: 1))
    if !device.isCPU { try withError { model.move(to: device) } }
    return model
  }

  /// The layer that is measured.
  func block() throws -> AttentionBlock {
    let sizes = modelConfiguration()
    let block = try AttentionBlock(
      AttentionConfiguration(
        kind: sizes.attention, heads: sizes.heads, headDim: sizes.headDim, dim: sizes.dim,
        maximumLength: length, dropout: sizes.attentionDropout,
        options: sizes.attentionOptions, stream: RandomStream(seed: 1)))
    if !device.isCPU { try withError { block.move(to: device) } }
    return block
  }
}

/// What a point cost.
public struct BenchmarkResult: Sendable, Equatable, Codable {
  /// The mechanism.
  public var kind: String
  /// The model, where that is not the LRA classifier.
  public var model: String?
  /// Tokens of a sequence.
  public var length: Int
  /// Sequences of a step.
  public var batch: Int
  /// The median of the timed steps.
  public var millisecondsPerSequence: Double?
  /// The fastest of the timed steps.
  public var bestMillisecondsPerSequence: Double?
  /// The largest resident memory of the process, on other devices than the CPU the most memory of tensors
  /// there, in MB (2^20 bytes).
  public var peakMemory: Int?
  /// The mean share of sampled pairs in the last step, for mechanisms that sample.
  public var density: Double?
  /// `training` for an attention layer's training pass; nil for all else.
  public var pass: String?
  /// Why there are no numbers, such as `out of memory`.
  public var failure: String?

  enum CodingKeys: String, CodingKey {
    case kind, model, length, batch, density, pass
    case millisecondsPerSequence = "ms_per_sequence"
    case bestMillisecondsPerSequence = "best_ms_per_sequence"
    case peakMemory = "peak_rss_mb"
    case failure = "error"
  }

  private init(_ point: BenchmarkPoint) {
    (kind, length, batch) = (point.kind, point.length, point.batch)
    if point.model != .lra { model = point.model.rawValue }
    if point.measure == .attention, point.pass == .training { pass = point.pass.rawValue }
  }

  /// A point that could not be measured; its density is the one that was asked for.
  public init(_ point: BenchmarkPoint, failure: String) {
    self.init(point)
    self.failure = failure
    density = point.samples ? point.density : nil
  }

  /// - Parameter milliseconds: of each timed step.
  init(_ point: BenchmarkPoint, milliseconds: [Double], density: Double?) {
    self.init(point)
    let sorted = milliseconds.map { $0 / Double(point.batch) }.sorted()
    millisecondsPerSequence = rounded(sorted[sorted.count / 2], 2)
    bestMillisecondsPerSequence = rounded(sorted[0], 2)
    peakMemory = point.device.peakMemory.map { $0 >> 20 } ?? Self.peakResidentMemory()
    self.density = density.map { rounded($0, 4) }
  }

  /// One JSON object with every key of the yardstick, `null` where there is no number; `model` only for
  /// another than the LRA classifier, `pass` only for an attention layer's training pass, `error` only after a
  /// failure.
  public var json: String {
    func text(_ number: Double?) -> String { number.map { "\($0)" } ?? "null" }
    func extra(_ key: String, _ value: String?) -> String {
      value.map { ", \"\(key)\": \"\($0)\"" } ?? ""
    }
    return "{\"kind\": \"\(kind)\", \"length\": \(length), \"batch\": \(batch), "
      + "\"ms_per_sequence\": \(text(millisecondsPerSequence)), "
      + "\"best_ms_per_sequence\": \(text(bestMillisecondsPerSequence)), "
      + "\"peak_rss_mb\": \(peakMemory.map(String.init) ?? "null"), "
      + "\"density\": \(text(density))\(extra("model", model))\(extra("pass", pass))\(extra("error", failure))}"
  }

  private static func peakResidentMemory() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss / 1024
  }
}

private func rounded(_ value: Double, _ digits: Int) -> Double {
  let scale = pow(10, Double(digits))
  return (value * scale).rounded() / scale
}
