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

  /// 150 examples are more than one launch takes; 150 columns end inside a group of either kind.
  @Test(arguments: [2, 150]) func theKernelOfDevicesGivesTheSameBits(examples: Int) {
    let keys = (0..<examples).map { RandomStream(seed: 9).child($0).key }
    func dropout() -> [Float] {
      Tensor.dropoutMask(
        keys: keys, site: Self.site, heads: 2, rows: 5, columns: 150, probability: 0.1
      ).array()
    }
    func uniform() -> [Float] {
      Tensor.uniform(keys: keys, site: Self.site, heads: 2, rows: 5, columns: 150).array()
    }
    let (mask, numbers) = emulatingDevice { (dropout(), uniform()) }
    #expect(mask == dropout())
    #expect(numbers == uniform())
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
