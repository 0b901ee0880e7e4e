import Randomness
import Torch

/// Counter-based dropout of `[batch, n, features]` or `[batch, heads, n, m]`: which entries fall
/// depends only on each example's key, the site, the head, the row and the column.
public func dropout(
  _ x: Tensor, probability: Double, site: RandomSite, context: ForwardContext
) -> Tensor {
  guard context.isTraining, probability > 0, x.isDefined else { return x }
  let shape = x.shape
  precondition(
    shape.count == 3 || shape.count == 4, "dropout of shape \(shape); expected rank 3 or 4")
  precondition(
    shape[0] == context.keys.count, "dropout of shape \(shape) with \(context.keys.count) keys")
  let mask = Tensor.dropoutMask(
    keys: context.keys, site: context.counterWord(site), heads: shape.count == 4 ? shape[1] : 1,
    rows: shape[shape.count - 2], columns: shape[shape.count - 1], probability: probability,
    device: x.device)
  return x * mask.reshaped(to: shape).to(x.dtype)
}

/// `residual + dropout(x)`.
public func addDropout(
  _ x: Tensor, to residual: Tensor, probability: Double, site: RandomSite, context: ForwardContext
) -> Tensor {
  residual + dropout(x, probability: probability, site: site, context: context)
}

/// `dropout(gelu(x))` with the exact GELU.
public func geluDropout(
  _ x: Tensor, probability: Double, site: RandomSite, context: ForwardContext
) -> Tensor {
  dropout(x.gelu(), probability: probability, site: site, context: context)
}
