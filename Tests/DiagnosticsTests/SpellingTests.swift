import Diagnostics
import Testing

@Suite struct SpellingTests {
  @Test(arguments: [
    ("", "", 0), ("abc", "abc", 0), ("abc", "", 3), ("", "abc", 3), ("kitten", "sitting", 3),
    ("steps", "setps", 1), ("ca", "abc", 3), ("batch", "batches", 2),
  ])
  func editDistance(a: String, b: String, expected: Int) {
    #expect(Spelling.editDistance(a, b) == expected)
    #expect(Spelling.editDistance(b, a) == expected)
  }

  @Test(
    arguments: [
      ("dry_run", "dry-run"), ("DRY-RUN", "dry-run"), ("sclae", "scale"), ("seed", "seeds"),
      ("zzz", nil), ("x", nil), ("", nil),
    ] as [(String, String?)])
  func closest(word: String, expected: String?) {
    #expect(Spelling.closest(to: word, among: ["dry-run", "scale", "seeds"]) == expected)
  }

  @Test func firstOfEquallyNearCounts() {
    #expect(Spelling.closest(to: "bat", among: ["cat", "hat"]) == "cat")
  }

  @Test func alternatives() {
    #expect([String]().quotedAlternatives() == "")
    #expect(["a"].quotedAlternatives() == "'a'")
    #expect(["a", "b", "c"].quotedAlternatives() == "'a', 'b' or 'c'")
  }
}
