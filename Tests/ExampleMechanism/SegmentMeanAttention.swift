import Attention
import NN
import Settings
import Torch

/// Attention without queries or keys: a token gets the mean of the values of its segment, weighed by a learnt
/// share of its own value.
///
/// This is the mechanism of the tutorial *Add an attention mechanism*: one file, all of it.
public final class SegmentMeanAttention: AttentionMechanism {
  /// The name in experiment files: `attention.kind: segment-mean`.
  public static let kind = "segment-mean"

  // An option: name, bounds, default, who chose it, help. `sbm run --settings` lists it.
  static let segment = Option.integer(
    "segment", 1...65536, 32, .ours, help: "Tokens of a segment; they divide data.padded_length.")
  /// Its options.
  public static let options = [segment.declaration]
  /// Options for inputs of a few tokens, with which the tests of the zoo run.
  public static let shortOptions: [String: SettingValue] = ["segment": 8]
  /// What `sbm inspect` says below its weights.
  public static let caption = "Here they are equal within a segment, but for the token itself."
  /// Of the block's projections only the values'.
  public static let usesProjections = (queriesAndKeys: false, values: true)

  /// A rule over options and lengths; experiment files that break it are refused before anything runs.
  public static func check(_ options: [String: SettingValue], paddedLength: Int) throws {
    let count = try segment.value(in: options)
    guard paddedLength % count != 0 else { return }
    throw OptionProblem(
      option: "segment", problem: "\(count) does not divide data.padded_length \(paddedLength)",
      hint: "Take a divisor.", concernsLength: true)
  }

  /// How much of its own value a token keeps, `[heads, 1, 1]`: a stored property is trained.
  let own: Parameter
  private let segment: Int

  /// Reads the option; parameters begin as they should.
  public init(_ configuration: AttentionConfiguration) throws {
    segment = try configuration[Self.segment]
    own = Parameter(.full([configuration.heads, 1, 1], 0.5))
  }

  /// What a pass costs by definition: the sum over each segment, once.
  public func cost(_ sizes: AttentionSizes) -> Cost { Cost(parameters: sizes.heads) }

  /// The forward pass on libtorch's operators; gradients follow from it.
  public func attend(_ input: AttentionInput, _ context: ForwardContext) -> AttentionOutput {
    let (batch, heads, n, features) = (
      input.values.size(0), input.values.size(1), input.values.size(2), input.values.size(3)
    )
    // Padding weighs nothing, so that results do not depend on it.
    let mask = input.keyMask.unsqueezed(1).unsqueezed(3)
    let missing = (segment - n % segment) % segment
    func sums(_ x: Tensor) -> Tensor {
      let whole = missing == 0 ? x : x.padded([0, 0, 0, missing])
      return whole.reshaped(x.size(0), x.size(1), -1, segment, x.size(3)).sum(3)
    }
    let counts = sums(mask).clamped(1, .infinity)
    let means = (sums(input.values * mask) / counts).unsqueezed(3)
      .expanded(batch, heads, (n + missing) / segment, segment, features)
      .reshaped(batch, heads, n + missing, features).narrowed(2, start: 0, length: n)
    return AttentionOutput(values: means * (1 - own.value) + input.values * mask * own.value)
  }
}
