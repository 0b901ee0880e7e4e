import Attention
import Datasets
import Models
import Randomness
import Settings

/// A model whose training steps are measured: its sizes, and inputs of random tokens.
public enum BenchmarkModel: String, CaseIterable, Sendable {
  /// The LRA classifier.
  case lra
  /// The encoder of GLUE's experiments under a classifier of two classes.
  case glue
  /// The same encoder under the masked-LM head: 15 % of the tokens are asked for.
  case mlm

  /// The model with attention of `mechanism`, for texts of `length` tokens.
  func configuration(
    _ mechanism: any AttentionMechanism.Type, options: [String: SettingValue], length: Int
  ) -> ModelConfiguration {
    let head: ModelConfiguration.Head =
      switch self {
      case .lra: .classification(classes: 10)
      case .glue: .classification(classes: 2)
      case .mlm: .maskedLanguageModel
      }
    var result = ModelConfiguration(
      vocabularySize: vocabularySize, maximumLength: length, attention: mechanism.kind, head: head)
    result.attentionOptions = options
    guard self != .lra else { return result }
    // experiments/glue.yaml and mlm.yaml.
    result.typeCount = 2
    (result.layers, result.dim, result.feedForwardDim) = (4, 256, 1024)
    (result.heads, result.headDim) = (4, 64)
    if mechanism.options.contains(where: { $0.name == "clusters" }) {
      result.attentionOptions["clusters"] = .integer(32)
    }
    return result
  }

  private var vocabularySize: Int { self == .lra ? 512 : 30_522 }

  /// `count` texts of `length` tokens for step number `step`, none of them padding, with their labels.
  func examples(step: Int, count: Int, length: Int) -> [Example] {
    var generator = RandomStream(seed: 0).child("benchmark").child(step).generator()
    return (0..<count).map { row in
      let tokens = (0..<length).map { _ in UInt16(1 + generator.below(vocabularySize - 1)) }
      let types = (0..<length).map { UInt8($0 * 2 / length) }
      switch self {
      case .lra: return Example(tokens: tokens, label: .classIndex(Int32(row % 10)))
      case .glue:
        return Example(tokens: tokens, typeIDs: types, label: .classIndex(Int32(row % 2)))
      case .mlm:
        var places = Array(0..<length)
        generator.shuffle(&places)
        var classes = [Int32](repeating: Example.ignoredLabel, count: length)
        for place in places.prefix(max(1, length * 15 / 100)) {
          classes[place] = Int32(1 + generator.below(vocabularySize - 1))
        }
        return Example(tokens: tokens, typeIDs: types, label: .tokenClasses(classes))
      }
    }
  }
}
