import Randomness
import Testing
import Torch

/// The layout of counter-based masks (philox.hpp), against the words themselves.
@Suite struct RandomTensorTests {
  static let keys: [UInt64] = [0x1234_5678_9ABC_DEF0, 42]
  static let site = RandomSite.attentionDropout.counterWord(layer: 3)

  @Test func dropoutEntriesAreTheWordsOfTheirCounters() {
    let (heads, rows, columns) = (2, 3, 300)
    let mask = Tensor.dropoutMask(
      keys: Self.keys, site: Self.site, heads: heads, rows: rows, columns: columns,
      probability: 0.1
    ).array(of: Float.self)
    let threshold: UInt32 = 6554
    let scale = Float(1 / (1 - Double(threshold) / 65536))
    for (index, value) in mask.enumerated() {
      let (column, row) = (UInt32(index % columns), UInt32(index / columns % rows))
      let (head, example) = (UInt32(index / columns / rows % heads), index / columns / rows / heads)
      let words = Philox.words(
        key: Self.keys[example],
        counter: .init((column / 128) * 16 + column % 16, row, Self.site, head))
      let half = column % 128 / 16
      let bits = words[Int(half / 2)] >> (16 * (half % 2)) & 0xFFFF
      #expect(value == (bits < threshold ? 0 : scale))
    }
  }

  @Test func theOperatorPathGivesTheSameBits() {
    for halfWords in [true, false] {
      let bits = Tensor.randomBits(
        keys: Self.keys, site: Self.site, heads: 2, rows: 5, columns: 150, halfWords: halfWords,
        device: .cpu)
      let direct =
        halfWords
        ? (bits .>= 6554).to(.float32) * (1 / (1 - 6554.0 / 65536))
        : bits.shiftedRight(8).to(.float32) * 0x1p-24
      let filled =
        halfWords
        ? Tensor.dropoutMask(
          keys: Self.keys, site: Self.site, heads: 2, rows: 5, columns: 150, probability: 0.1)
        : Tensor.uniform(keys: Self.keys, site: Self.site, heads: 2, rows: 5, columns: 150)
      #expect(direct.array(of: Float.self) == filled.array(of: Float.self))
    }
  }

  @Test func singleEntriesAreThoseOfTheMatrix() {
    let mask = Tensor.dropoutMask(
      keys: Self.keys, site: Self.site, heads: 2, rows: 40, columns: 260, probability: 0.3)
    let group = [0, 1, 2, 3, 3, 0]
    let row = [0, 39, 7, 20, 21, 3]
    let column = [0, 259, 128, 17, 127, 200]
    let single = Tensor.dropoutMask(
      keys: Self.keys, site: Self.site, heads: 2, group: Tensor(group), row: Tensor(row),
      column: Tensor(column), probability: 0.3
    ).array(of: Float.self)
    let all = mask.array(of: Float.self)
    #expect(single == group.indices.map { all[(group[$0] * 40 + row[$0]) * 260 + column[$0]] })
  }

  @Test func normalNumbersHaveTheirMoments() {
    let x = Tensor.normal([200_000], standardDeviation: 2, stream: RandomStream(seed: 5))
    #expect(Swift.abs(x.mean().item) < 5 * 2 / 200_000.0.squareRoot())
    #expect(Swift.abs(x.square().mean().item - 4) < 5 * 4 * (2 / 200_000.0).squareRoot())
  }
}
