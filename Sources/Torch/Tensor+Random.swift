import CTorch
import Foundation
import Randomness

// Counter-based random tensors. The layout of the counters is fixed in CTorch/include/philox.hpp;
// the CPU fills them with a loop, other devices compute the same bits with a kernel.

extension Tensor {
  /// A dropout mask `[keys.count, heads, rows, columns]`: 0, or 1 / (1 - p') where p' is
  /// `probability` rounded to 1/65536.
  ///
  /// - Parameters:
  ///   - keys: One key an example; an entry depends on (key, site, head, row, column) only.
  ///   - site: A counter word of `RandomSite`.
  public static func dropoutMask(
    keys: [UInt64], site: UInt32, heads: Int, rows: Int, columns: Int, probability: Double,
    device: Device = .cpu
  ) -> Tensor {
    make {
      ct_dropout_mask(
        keys, Int64(keys.count), site, Int64(heads), Int64(rows), Int64(columns), probability,
        device.name, &$0)
    }
  }

  /// Uniform numbers in [0, 1) with 24 random bits, `[keys.count, heads, rows, columns]`.
  public static func uniform(
    keys: [UInt64], site: UInt32, heads: Int, rows: Int, columns: Int, device: Device = .cpu
  ) -> Tensor {
    make {
      ct_uniform(
        keys, Int64(keys.count), site, Int64(heads), Int64(rows), Int64(columns), device.name, &$0)
    }
  }

  /// The entries of ``dropoutMask(keys:site:heads:rows:columns:probability:device:)`` at single places, on the CPU.
  ///
  /// - Parameters:
  ///   - group: example * heads + head of each place, int64 `[edges]`; `row` and `column` likewise.
  public static func dropoutMask(
    keys: [UInt64], site: UInt32, heads: Int, group: Tensor, row: Tensor, column: Tensor,
    probability: Double
  ) -> Tensor {
    make {
      ct_dropout_at(keys, site, Int64(heads), group.raw, row.raw, column.raw, probability, &$0)
    }
  }

  /// Normal numbers with mean 0 (Box and Muller), a pure function of the stream.
  public static func normal(
    _ shape: [Int], standardDeviation: Double = 1, stream: RandomStream
  ) -> Tensor {
    guard Elements.exist else { return zeros(shape) }
    var generator = stream.generator()
    var second: Float?
    return filled(shape) {
      if let value = second {
        second = nil
        return value
      }
      let radius = (-2 * Foundation.log(1 - generator.nextUnit())).squareRoot() * standardDeviation
      let angle = 2 * Double.pi * generator.nextUnit()
      second = Float(radius * Foundation.sin(angle))
      return Float(radius * Foundation.cos(angle))
    }
  }

  /// Uniform numbers in `range`, a pure function of the stream.
  public static func uniform(
    _ shape: [Int], in range: ClosedRange<Double>, stream: RandomStream
  ) -> Tensor {
    guard Elements.exist else { return zeros(shape) }
    var generator = stream.generator()
    let width = range.upperBound - range.lowerBound
    return filled(shape) { Float(range.lowerBound + width * generator.nextUnit()) }
  }

  /// A tensor of the values that `next` gives, in row-major order.
  ///
  /// They are copied piece by piece: no second copy of a large tensor is held, and it is libtorch, whose
  /// failures can be caught, that memory is asked of.
  private static func filled(_ shape: [Int], _ next: () -> Float) -> Tensor {
    let result = zeros(shape)
    guard result.isDefined else { return result }
    let (elements, piece) = (result.reshaped(result.count), 1 << 16)
    for start in stride(from: 0, to: result.count, by: piece) {
      let length = Swift.min(piece, result.count - start)
      elements.narrowed(0, start: start, length: length)
        .copy(inPlace: Tensor((0..<length).map { _ in next() }))
    }
    return result
  }
}
