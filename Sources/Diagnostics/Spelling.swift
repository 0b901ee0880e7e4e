/// "Did you mean": finds the word someone probably meant.
public enum Spelling {
  /// The candidate nearest to `word`, if it is near enough to be what was meant.
  ///
  /// Near enough is up to one edit for every three characters, at least one; of equally near
  /// candidates the first is taken. Upper and lower case, and `-` and `_`, count as the same.
  public static func closest(to word: String, among candidates: some Sequence<String>) -> String? {
    let wanted = normalized(word)
    var best: (candidate: String, distance: Int)?
    for candidate in candidates {
      let other = normalized(candidate)
      let distance = editDistance(wanted, other)
      let limit = max(1, max(wanted.count, other.count) / 3)
      if distance <= limit, distance < best?.distance ?? .max {
        best = (candidate, distance)
      }
    }
    return best?.candidate
  }

  /// The number of insertions, deletions, replacements and swaps of neighbours that turn `a` into
  /// `b` (the restricted Damerau–Levenshtein distance).
  public static func editDistance(_ a: some Collection<Character>, _ b: some Collection<Character>)
    -> Int
  {
    let (a, b) = (Array(a), Array(b))
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          cost = min(cost, beforeLast[j - 1] + 1)
        }
        row.append(cost)
      }
      (beforeLast, last) = (last, row)
    }
    return last[b.count]
  }

  private static func normalized(_ word: String) -> [Character] {
    word.lowercased().map { $0 == "-" ? "_" : $0 }
  }
}

extension Sequence where Element == String {
  /// The words quoted and joined for a sentence: `'a', 'b' or 'c'`.
  public func quotedAlternatives() -> String {
    let words = map { "'\($0)'" }
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " or " + last
  }
}
