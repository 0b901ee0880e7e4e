import Randomness
import Testing

@Suite struct PhiloxTests {
  /// Known answers of the Random123 distribution (`kat_vectors`, philox4x32 with 10 rounds).
  @Test(arguments: [
    (
      UInt64(0), Philox.Counter(repeating: 0),
      Philox.Counter(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)
    ),
    (
      UInt64.max, Philox.Counter(repeating: .max),
      Philox.Counter(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
    ),
    (
      UInt64(0x299f_31d0_a409_3822),
      Philox.Counter(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
      Philox.Counter(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
    ),
  ])
  func knownAnswers(key: UInt64, counter: Philox.Counter, expected: Philox.Counter) {
    #expect(Philox.words(key: key, counter: counter) == expected)
  }

  @Test func childrenAreIndependentOfOrder() {
    let root = RandomStream(seed: 7)
    var first = root.child("dropout").child(3).generator()
    _ = root.child("shuffle").generator()
    var again = RandomStream(seed: 7).child("dropout").child(3).generator()
    #expect((0..<5).map { _ in first.next() } == (0..<5).map { _ in again.next() })
    #expect(root.child(1) != root.child(2))
    #expect(root.child("a") != root.child("b"))
  }

  @Test func unitNumbersAreUniform() {
    var generator = RandomStream(seed: 1).generator()
    let count = 100_000
    var (sum, squares) = (0.0, 0.0)
    for _ in 0..<count {
      let u = generator.nextUnit()
      sum += u
      squares += u * u
    }
    // Five standard errors of the mean and of the second moment.
    let meanError = abs(sum / Double(count) - 0.5)
    #expect(meanError < 5 * (1.0 / 12).squareRoot() / Double(count).squareRoot())
    #expect(abs(squares / Double(count) - 1.0 / 3) < 5 * 0.3 / Double(count).squareRoot())
  }
}
