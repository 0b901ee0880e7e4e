import Tasks

extension RunLog {
  /// Rounding that a sum of float32 may have.
  private static let rounding = 1e-4

  /// The first value that no run can have, with its dataset: a file that has one is damaged or made by hand.
  ///
  /// NaN and infinity are possible: a run that diverges has them.
  var firstImpossibility: (key: String, problem: String)? {
    func check(_ key: String, _ values: [Double], _ range: ClosedRange<Double>, _ words: String)
      -> (key: String, problem: String)?
    {
      let lower = range.lowerBound - Self.rounding
      let upper = range.upperBound + Self.rounding
      return values.first { !$0.isNaN && !(lower...upper).contains($0) }
        .map { (key, "\($0) is impossible: \(words)") }
    }
    func loss(_ key: String, _ values: [Double]) -> (key: String, problem: String)? {
      check(
        key, values.filter(\.isFinite), 0...Double(Float.greatestFiniteMagnitude),
        "a loss is positive, in float32")
    }
    func density(_ key: String, _ values: [Double]) -> (key: String, problem: String)? {
      check(key, values, 0...1, "a density is from 0 to 1")
    }
    func metric(_ key: String, _ name: String, _ values: [Double])
      -> (key: String, problem: String)?
    {
      // What this version does not know is not judged; of GLUE's mismatched splits it is.
      let known = name.hasSuffix("_mismatched") ? String(name.dropLast("_mismatched".count)) : name
      guard let range = Metric(rawValue: known)?.range else { return nil }
      return check(
        key, values, range,
        "\(name) is "
          + (range.upperBound.isFinite
            ? "from \(Int(range.lowerBound)) to \(Int(range.upperBound))" : "positive"))
    }
    for (name, series) in [("/train", train), ("/dev", dev)] {
      let problem =
        loss("\(name)/loss", series.losses) ?? density("\(name)/density", series.densities)
        ?? series.metrics.lazy.compactMap { metric("\(name)/\($0.key)", $0.key, $0.value) }.first
      if let problem { return problem }
    }
    if let problem = density("/density", self.density.values) { return problem }
    guard let test else { return nil }
    return loss("/test/loss", [test.loss])
      ?? density("/test/density", test.density.map { [$0] } ?? [])
      ?? test.metrics.lazy.compactMap { metric("/test/\($0.key)", $0.key, [$0.value]) }.first
  }
}
