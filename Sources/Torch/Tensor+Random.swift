import CTorch
import Foundation
import Randomness

// Counter-based random tensors. The layout of the counters is fixed in CTorch/include/philox.hpp;
// the CPU fills them with a loop, other devices compute the same bits with operators.

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
    guard device.isCPU else {
      let threshold = (probability * 65536).rounded()
      let bits = randomBits(
        keys: keys, site: site, heads: heads, rows: rows, columns: columns, halfWords: true,
        device: device)
      return (bits .>= threshold).to(.float32) * (1 / (1 - threshold / 65536))
    }
    return make {
      ct_dropout_mask(
        keys, Int64(keys.count), site, Int64(heads), Int64(rows), Int64(columns), probability, &$0)
    }
  }

  /// Uniform numbers in [0, 1) with 24 random bits, `[keys.count, heads, rows, columns]`.
  public static func uniform(
    keys: [UInt64], site: UInt32, heads: Int, rows: Int, columns: Int, device: Device = .cpu
  ) -> Tensor {
    guard device.isCPU else {
      let bits = randomBits(
        keys: keys, site: site, heads: heads, rows: rows, columns: columns, halfWords: false,
        device: device)
      return bits.shiftedRight(8).to(.float32) * 0x1p-24
    }
    return make {
      ct_uniform(keys, Int64(keys.count), site, Int64(heads), Int64(rows), Int64(columns), &$0)
    }
  }

  /// Philox4x32-10 on 64-bit integer operators, in the layout of philox.hpp; runs on any device.
  ///
  /// - Returns: int64 `[keys.count, heads, rows, columns]`, 16 bits an entry with `halfWords`, else 32.
  public static func randomBits(
    keys: [UInt64], site: UInt32, heads: Int, rows: Int, columns: Int, halfWords: Bool,
    device: Device
  ) -> Tensor {
    let width = halfWords ? 128 : 64
    let groups = (columns + width - 1) / width
    func index(_ count: Int, _ axis: Int) -> Tensor {
      var shape = [1, 1, 1, 1]
      shape[axis] = count
      return arange(count, device: device).reshaped(to: shape)
    }
    func keyWord(_ shift: UInt64) -> Tensor {
      Tensor(keys.map { Int($0 >> shift & 0xFFFF_FFFF) }, shape: [keys.count, 1, 1, 1])
        .to(device)
    }
    let zero = zeros([keys.count, heads, rows, groups * 16], dtype: .int64, device: device)
    let words = philox(
      [
        zero + index(groups * 16, 3), zero + index(rows, 2), zero.adding(Int(site)),
        zero + index(heads, 1),
      ], key: (keyWord(0), keyWord(32)))
    let parts =
      halfWords
      ? words.flatMap { [$0.bitAnd(0xFFFF), $0.shiftedRight(16)] }
      : words
    // [batch, heads, rows, group, lane] of each part → columns in order (group, part, lane).
    let lanes = parts.map { $0.reshaped(keys.count, heads, rows, groups, 16) }
    return stacked(lanes, 4).reshaped(keys.count, heads, rows, groups * width)
      .narrowed(3, start: 0, length: columns)
  }

  /// Ten rounds of Philox4x32 on int64 tensors that hold 32-bit words.
  private static func philox(_ counter: [Tensor], key: (Tensor, Tensor)) -> [Tensor] {
    let mask = 0xFFFF_FFFF
    var words = counter
    var (key0, key1) = key
    for round in 0..<10 {
      if round > 0 {
        key0 = key0.adding(0x9E37_79B9).bitAnd(mask)
        key1 = key1.adding(0xBB67_AE85).bitAnd(mask)
      }
      // 64-bit products wrap around, which leaves all their bits right.
      let product0 = words[0].multiplied(by: 0xD251_1F53)
      let product1 = words[2].multiplied(by: 0xCD9E_8D57)
      words = [
        product1.shiftedRight(32).bitAnd(mask).bitXor(words[1]).bitXor(key0), product1.bitAnd(mask),
        product0.shiftedRight(32).bitAnd(mask).bitXor(words[3]).bitXor(key1), product0.bitAnd(mask),
      ]
    }
    return words
  }

  /// The entries of ``dropoutMask(keys:site:heads:rows:columns:probability:device:)`` at single places.
  ///
  /// - Parameters:
  ///   - group: example * heads + head of each place, int64 `[edges]`; `row` and `column` likewise.
  public static func dropoutMask(
    keys: [UInt64], site: UInt32, heads: Int, group: Tensor, row: Tensor, column: Tensor,
    probability: Double
  ) -> Tensor {
    let device = group.device
    guard !device.isCPU else {
      return make {
        ct_dropout_at(
          keys, site, Int64(heads), group.raw, row.raw, column.raw, probability, &$0)
      }
    }
    func keyWord(_ shift: UInt64) -> Tensor {
      Tensor(keys.map { Int($0 >> shift & 0xFFFF_FFFF) }).to(device)
        .selecting(0, indices: group.floorDivided(by: heads))
    }
    let counter = [
      column.floorDivided(by: 128).multiplied(by: 16) + column.remainder(16), row,
      row.multiplied(by: 0).adding(Int(site)), group.remainder(heads),
    ]
    let words = philox(counter, key: (keyWord(0), keyWord(32)))
    let parts = words.flatMap { [$0.bitAnd(0xFFFF), $0.shiftedRight(16)] }
    let part = column.remainder(128).floorDivided(by: 16).unsqueezed(1)
    let bits = stacked(parts, 1).gathered(1, indices: part).squeezed(1)
    let threshold = (probability * 65536).rounded()
    return (bits .>= threshold).to(.float32) * (1 / (1 - threshold / 65536))
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
