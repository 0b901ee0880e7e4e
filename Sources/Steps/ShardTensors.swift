import Datasets
import Models
import NN
import Tasks
import Torch

extension TextInput {
  /// The tensors of padded texts.
  ///
  /// - Parameter zeroIsPadding: whether tokens of value 0 inside a text are masked too, as the
  ///   published mask does.
  public init(_ texts: TokenMatrix, zeroIsPadding: Bool, device: Device = .cpu) {
    let shape = [texts.rows, texts.width]
    self.init(
      tokens: Tensor(texts.tokens, shape: shape, device: device).to(.int64),
      keyMask: Tensor(texts.mask(zeroIsPadding: zeroIsPadding), shape: shape, device: device),
      types: texts.typeIDs.map { Tensor($0, shape: shape, device: device).to(.int64) })
  }
}

extension ShardLayout {
  /// How batches of `task` are cut for `model`.
  ///
  /// Texts are padded to the longest of their shard, unless the model's result depends on padding:
  /// then to `paddedLength`.
  public init(
    tokenBudget: Int, model: SequenceModel, experimentProtocol: ExperimentProtocol,
    paddedLength: Int
  ) {
    self.init(
      tokenBudget: tokenBudget,
      fixedWidth: model.dependsOnPadding(experimentProtocol) ? paddedLength : nil)
  }
}
