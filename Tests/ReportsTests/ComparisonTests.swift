import Foundation
import Reports
import RunLog
import TestSupport
import Testing

/// `sbm compare`, as a user runs it.
@Suite struct ComparisonTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A run that answers `right` of 500 examples rightly, beginning with `from`.
  private func write(
    _ name: String, mechanism: String = "softmax", seed: UInt64 = 0, right: Int, from: Int = 0,
    clusters: String? = nil
  ) throws {
    var log = makeLog(
      mechanism: mechanism, experiment: "listops", seed: seed, accuracy: Double(right) / 500,
      settings: clusters.map { [("attention.clusters", $0)] } ?? [])
    let labels = (0..<500).map { $0 % 10 }
    log.test?.answers = .classes(
      predictions: labels.indices.map {
        from..<from + right ~= $0 ? labels[$0] : (labels[$0] + 1) % 10
      }, labels: labels)
    let path = folder.url("results/\(name).h5")
    try FileManager.default.createDirectory(
      at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
    try log.write(to: path.path)
  }

  private func compare(_ arguments: String...) throws -> ProgramResult {
    try TestProgram.run(TestProgram.sbm, ["compare"] + arguments, in: folder.url)
  }

  @Test func twoRuns() throws {
    try write("a", right: 200)
    // 180 of the 200, and 60 more.
    try write("b", mechanism: "sbm", right: 240, from: 20, clusters: "32")
    let result = try compare("a", "results/b.h5")
    #expect(result.exitCode == 0, "\(result.errors)")
    for part in [
      "accuracy     10.00  40.00  48.00  +8.00", "exact McNemar test on 500 examples",
      "(only A right: 20, only B right: 60)", "B is better by accuracy (p < 0.001)",
      "how much other seeds would differ is not known",
    ] {
      #expect(result.output.contains(part), "\(part) in \(result.output)")
    }
    #expect(result.output.contains(#/attention.kind +softmax +sbm/#))
    #expect(result.output.contains(#/attention.clusters +– +32/#))
    // The interval holds the difference, and the same logs give the same.
    #expect(try compare("a", "b").output.contains("95 % of B − A"))
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(compare("a", "b", "--json").output.utf8))
        as? [String: Any])
    #expect(object["significant"] as? Bool == true && object["difference"] as? Double ?? 0 > 7.999)
    let (low, high) = try (#require(object["low"] as? Double), #require(object["high"] as? Double))
    #expect(4...6 ~= low && 10...12 ~= high)
  }

  /// A group may be named behind its folder, where another has runs of that name too.
  @Test func aGroupBehindItsFolder() throws {
    for seed in 0..<2 {
      try write("one/listops-softmax-s\(seed)", seed: UInt64(seed), right: 200 + seed)
      try write("two/listops-softmax-s\(seed)", seed: UInt64(seed), right: 240 + seed)
    }
    let result = try compare("results/one/listops-softmax", "results/two/listops-softmax")
    #expect(
      result.exitCode == 0 && result.output.contains("seeds 0, 1"),
      "\(result.output)\(result.errors)")
    let missing = try compare("results/one/listops-sotfmax", "results/two/listops-softmax")
    #expect(missing.exitCode == 74, "\(missing.errors)")
    #expect(missing.errors.contains("Did you mean 'results/one/listops-softmax-s0.h5'?"))
  }

  @Test func tooFewToTell() throws {
    try write("a", right: 200)
    try write("b", right: 203, from: 10)
    let result = try compare("a", "b")
    #expect(result.output.contains("n too small to tell: with 500 examples a difference below "))
    #expect(result.output.contains("No setting that influences results differs."))
  }

  /// Seeds are repetitions: what they differ by counts.
  @Test func groupsOfSeeds() throws {
    for (seed, right) in [200, 150, 240].enumerated() {
      try write("listops-softmax-s\(seed)", seed: UInt64(seed), right: right)
      try write(
        "listops-sbm-s\(seed)", mechanism: "sbm", seed: UInt64(seed),
        right: right + [30, 5, 40][seed],
        clusters: "8")
    }
    let result = try compare("listops-softmax", "listops-sbm")
    #expect(result.exitCode == 0, "\(result.errors)")
    for part in [
      "seeds 0, 1, 2", "39.33 ± 9.02", "Student's t (paired seeds) on 500 examples",
      "accuracy by seed: 0: +6.00, 1: +1.00, 2: +8.00; mean +5.00 ± 8.96 (95 %, Student's t)",
      "n too small to tell",
    ] {
      #expect(result.output.contains(part), "\(part) in \(result.output)")
    }
  }

  /// The published loop tests each seed on other examples: those that all runs answered are compared.
  @Test func examplesThatAllAnswered() throws {
    for seed in 0..<2 {
      for (mechanism, period) in [("softmax", 2), ("sbm", 3)] {
        var log = makeLog(
          mechanism: mechanism, experiment: "listops", seed: UInt64(seed), accuracy: 0.5)
        let examples = (0..<500).filter { $0 % 10 != 3 + seed }
        log.test?.exampleIndices = examples
        log.test?.answers = .classes(
          predictions: examples.map { $0 % period == 0 ? $0 % 10 + 1 : $0 % 10 },
          labels: examples.map { $0 % 10 })
        try log.write(to: folder.url("\(mechanism)-s\(seed).h5").path)
      }
    }
    let seeds = try compare("softmax-s0.h5", "sbm-s1.h5")
    #expect(
      seeds.output.contains("exact McNemar test on 400 examples that all runs answered"),
      "\(seeds.output)")
    // Even numbers are wrong on one side, multiples of three on the other.
    for part in [
      "(only A right: 66, only B right: 132)", "50.00  66.50  +16.50", "B is better by accuracy",
    ] {
      #expect(seeds.output.contains(part), "\(part) in \(seeds.output)")
    }
  }

  /// A correlation with constant answers is none; the other runs' numbers are told all the same.
  @Test func aMetricThatIsNoNumber() throws {
    try FileManager.default.createDirectory(
      at: folder.url("results/x"), withIntermediateDirectories: true)
    for (mechanism, values) in [("softmax", [0.5, 0.4]), ("sbm", [Double.nan, 0.3])] {
      for (seed, value) in values.enumerated() {
        var log = makeLog(
          task: "stsb", mechanism: mechanism, experiment: "stsb", seed: UInt64(seed))
        log.labels.metric = "pearson"
        let labels = (0..<500).map { Double($0 % 11) / 2 }
        log.test?.metrics = ["pearson": value]
        log.test?.answers = .values(
          predictions: labels.map { value.isNaN ? 1 : $0 + 1 }, labels: labels)
        try log.write(to: folder.url("results/x/stsb-\(mechanism)-s\(seed).h5").path)
      }
    }
    let result = try compare("stsb-softmax", "stsb-sbm")
    #expect(
      result.exitCode == 0 && result.output.contains("pearson"), "\(result.output)\(result.errors)")
  }

  /// What could not be read is named, and the exit code tells a script.
  @Test func aFileThatCannotBeRead() throws {
    try write("one/listops-softmax-s0", right: 200)
    try write("two/listops-softmax-s0", right: 260)
    try Data("not HDF5".utf8).write(to: folder.url("results/two/bad.h5"))
    let result = try compare("results/one", "results/two")
    #expect(result.exitCode == 65 && result.errors.contains("bad.h5"), "\(result.errors)")
    #expect(result.output.contains("+12.00"))
  }

  @Test func foldersByName() throws {
    for (name, right) in [("one/listops-softmax-s0", 200), ("two/listops-softmax-s0", 260)] {
      try write(name, right: right)
    }
    try write("one/listops-sbm-s0", mechanism: "sbm", right: 200)
    try write("two/listops-linear-s0", mechanism: "linear", right: 200)
    let result = try compare("results/one", "results/two")
    #expect(result.exitCode == 0 && result.output.contains("+12.00"))
    #expect(result.errors.contains("only in results/one: listops sbm"))
    #expect(result.errors.contains("only in results/two: listops linear"))
  }

  @Test func mistakes() throws {
    try write("listops-softmax-s0", right: 200)
    let missing = try compare("listops-sotfmax-s0", "listops-softmax")
    #expect(missing.exitCode == 64 && missing.errors.contains("Did you mean 'listops-softmax-s0'?"))
    var other = makeLog(task: "text")
    try other.write(to: folder.url("text.h5").path)
    let tasks = try compare("listops-softmax", "text.h5")
    #expect(tasks.exitCode == 64 && tasks.errors.contains("only runs of one task compare"))
    // Other examples.
    other = makeLog(experiment: "listops", accuracy: 0.5)
    other.test?.answers = .classes(predictions: [1, 2, 3], labels: [1, 2, 4])
    try other.write(to: folder.url("few.h5").path)
    let examples = try compare("listops-softmax", "few.h5")
    #expect(examples.exitCode == 0)
    #expect(examples.output.contains("No paired test: they were tested on different examples."))
    #expect(examples.output.contains("Whether the difference is chance cannot be told"))
  }
}
