import CKernels
import Randomness
import Torch

/// The variants of the kernels that this machine runs.
let instructionSets = (0..<ck_instruction_set_count()).map {
  String(cString: ck_instruction_set_name($0))
}

/// Runs `body` on this thread with the named variant.
func with<Result>(instructionSet name: String, _ body: () throws -> Result) rethrows -> Result {
  let before = String(cString: ck_instruction_set())
  precondition(ck_set_instruction_set(name) == 1, "this machine does not run \(name)")
  defer { _ = ck_set_instruction_set(before) }
  return try body()
}

/// A random case: shapes, padding and rates, all decided by its number.
struct Case: CustomStringConvertible {
  let number: Int
  var batch, heads, n, headDim, clusters: Int
  var dropout: Double
  /// Multiplies edge probabilities; the densities that come out range from 0 to 1.
  var intensity: Double
  let stream: RandomStream

  init(_ number: Int) {
    self.number = number
    stream = RandomStream(seed: 2024).child(number)
    (batch, heads) = (1 + number % 3, 1 + number % 2)
    n = [1, 7, 32, 65, 130, 128, 200, 257][number % 8]
    headDim = [32, 8, 13, 64, 16, 40, 128][number % 7]
    clusters = [128, 5, 32, 16, 70][number % 5]
    dropout = number % 3 == 0 ? 0 : 0.1 * Double(number % 5 + 1)
    intensity = [0.25, 0.05, 8, 0.5, 0][number % 5]
  }

  var description: String {
    "case \(number) (seed 2024): batch \(batch), heads \(heads), n \(n), headDim \(headDim), "
      + "clusters \(clusters), dropout \(dropout), intensity \(intensity)"
  }

  /// One random key an example.
  var keys: [UInt64] { (0..<batch).map { stream.child("example").child($0).key } }

  /// Heads as views of a projection's `[batch, n, heads * headDim]`, as the models pass them.
  func projected(_ name: String) -> Tensor {
    Tensor.normal([batch, n, heads * headDim], stream: stream.child(name))
      .reshaped(batch, n, heads, headDim).transposed(1, 2).detached().requiringGradient()
  }

  /// 1 at real keys: all, a prefix, scattered ones, or none.
  var keyMask: Tensor {
    let ones = Tensor.ones([batch, n])
    switch number % 4 {
    case 1:
      return (Tensor.normal([batch, n], stream: stream.child("mask")) .< 0.3).to(.float32)
    case 2:
      let lengths = Tensor(
        (0..<batch).map { Float(n * ($0 + 1) / (batch + 2)) }, shape: [batch, 1])
      return (Tensor.arange(n, dtype: .float32).unsqueezed(0) .< lengths).to(.float32)
    default: return number == 11 ? ones * 0 : ones
    }
  }

  /// Factors of the edge probability; entries are not negative.
  var factors: (left: Tensor, right: Tensor) {
    func random(_ name: String, _ scale: Double) -> Tensor {
      (Tensor.normal([batch, heads, n, clusters], stream: stream.child(name)).sigmoid() * scale)
        .detached().requiringGradient()
    }
    return (random("left", intensity * 4 / Double(clusters)), random("right", 1))
  }
}

let dropoutSite: UInt32 = 7
let edgeSite: UInt32 = 9

/// Calls `body` with the kernels' settings.
func withSettings<Result>(
  _ c: Case, mask: Tensor, skipPadding: Bool = false,
  _ body: (UnsafePointer<ck_attention>) -> Result
) -> Result {
  c.keys.withUnsafeBufferPointer {
    var settings = ck_attention(
      keys: $0.baseAddress, dropout_site: dropoutSite, dropout: c.dropout,
      key_padding_mask: mask.raw,
      skip_padding: skipPadding ? 1 : 0)
    return body(&settings)
  }
}

/// Double-precision leaves with the same values.
func judge(_ tensors: Tensor...) -> [Tensor] {
  tensors.map { $0.detached().to(.float64).requiringGradient() }
}

/// Scores q kᵀ / √d, times `gate`, with padding keys far below.
func scores(_ q: Tensor, _ k: Tensor, gate: Tensor? = nil, mask: Tensor) -> Tensor {
  var raw = q.matmul(k.transposed()) / Double(q.size(3)).squareRoot()
  if let gate { raw = raw * gate }
  return raw.filled(where: mask.equals(0).unsqueezed(1).unsqueezed(1), with: -1e30)
}

/// The dropped entries of attention weights, by the plain loops of CTorch.
func dropoutMask(_ c: Case) -> Tensor {
  Tensor.dropoutMask(
    keys: c.keys, site: dropoutSite, heads: c.heads, rows: c.n, columns: c.n,
    probability: c.dropout
  ).to(.float64)
}

/// The largest difference relative to the larger of the largest entry and 1.
func error(_ found: Tensor, _ expected: Tensor) -> Double {
  let difference = (found.detached().to(.float64) - expected.detached()).abs().max()
  let size = max(1, expected.detached().abs().max().item)
  return difference.item / size
}
