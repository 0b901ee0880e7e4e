import Attention
import Datasets
import Foundation
import Models
import Randomness
import Settings
import Steps
import Torch

/// A tiny model over 20 tokens and 3 classes.
func tinyModel(
  _ attention: String = "softmax", head: ModelConfiguration.Head? = nil,
  options: [String: SettingValue] = [:]
) throws -> SequenceModel {
  var configuration = ModelConfiguration(
    vocabularySize: 20, maximumLength: 24, attention: attention,
    head: head ?? .classification(classes: 3))
  (configuration.dim, configuration.heads, configuration.headDim) = (16, 2, 8)
  configuration.feedForwardDim = 24
  configuration.attentionOptions = options
  if attention == "sbm" { configuration.attentionOptions["clusters"] = .integer(4) }
  return try SequenceModel(configuration, stream: RandomStream(seed: 3).child("parameters"))
}

/// Examples of 3 to 20 tokens whose class is their first token modulo 3.
func tinyExamples(_ count: Int, seed: UInt64 = 1) -> [Example] {
  var generator = RandomStream(seed: seed).generator()
  return (0..<count).map { _ in
    let tokens = (0..<3 + generator.below(18)).map { _ in UInt16(1 + generator.below(19)) }
    return Example(tokens: tokens, label: .classIndex(Int32(tokens[0] % 3)))
  }
}

/// `examples` cut by `layout`.
func shards(_ examples: [Example], _ layout: ShardLayout) -> [Shard] {
  layout.cut(Array(examples.indices)) { examples[$0].lengths }.map { indices in
    Shard(indices, indices.map { examples[$0] }, layout: layout)
  }
}

/// The bits of tensors.
func bits(_ tensors: [Tensor]) -> [[UInt32]] {
  tensors.map { $0.isDefined ? $0.array(of: Float.self).map(\.bitPattern) : [] }
}

/// The largest difference between two lists of tensors, in parts of the largest entry of each.
func largestRelativeError(_ a: [Tensor], _ b: [Tensor]) -> Double {
  zip(a, b).reduce(0) { largest, pair in
    let (x, y) = pair
    guard x.isDefined || y.isDefined else { return largest }
    let scale = max(x.abs().max().item, 1e-6)
    return max(largest, (x - y).abs().max().item / scale)
  }
}

/// The memory of this process that is in use, in bytes.
func residentBytes() -> Int {
  let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?
    .split(separator: " ").dropFirst().first.flatMap { Int($0) }
  return (pages ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
}
