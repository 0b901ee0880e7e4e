import Experiments
import Foundation
import TestSupport
import Testing
import Training

/// The experiment files that ship with the project.
@Suite struct ShippedFilesTests {
  private static let folder = TestProgram.package.appendingPathComponent("experiments")
  private static let names = [
    "listops", "text", "retrieval", "image", "pathfinder32", "lra", "lra-baselines", "glue",
    "mlm", "repeats", "quickstart", "quickstart-listops",
    "quickstart-repeats", "clusters", "lambda", "estimators", "baselines-listops",
    "baselines-repeats", "cola", "sst2", "mrpc", "stsb", "qqp", "mnli", "qnli", "rte", "wnli",
  ]

  private func load(_ name: String, scale: String) throws -> [RunConfiguration] {
    try Experiment.load(
      Self.folder.appendingPathComponent("\(name).yaml").path, .init(scale: scale)
    ).runs
  }

  @Test func noFileIsForgotten() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
    #expect(Set(files.filter { $0.hasSuffix(".yaml") }) == Set(Self.names.map { "\($0).yaml" }))
  }

  @Test(arguments: names, ["smoke", "cpu", "paper"])
  func everyFileResolvesAtEveryScale(name: String, scale: String) throws {
    let all = try load(name, scale: scale)
    #expect(!all.isEmpty)
    #expect(all.allSatisfy { $0.experiment == name && $0.scale == scale })
    for run in all {
      #expect(try RunConfiguration(resolvedYAML: run.resolvedYAML, file: "x") == run)
    }
    // Smoke runs take seconds.
    if scale == "smoke" {
      #expect(all.allSatisfy { $0.training.steps * $0.training.batch <= 64 })
    }
  }

  /// At the paper's scale nothing differs from a published value but what the sweep varies.
  @Test(arguments: ["lra", "lra-baselines"]) func thePaperScaleIsThePapers(name: String) throws {
    for run in try load(name, scale: "paper") {
      let others = run.deviations.filter { $0.key != "attention.sampler" }
      #expect(others.isEmpty, "\(run.name): \(others)")
    }
  }

  @Test func counts() throws {
    #expect(try load("lra", scale: "paper").count == 5 * 3 * 3)
    #expect(try load("lra-baselines", scale: "cpu").count == 5 * 7)
    #expect(try load("glue", scale: "cpu").count == 9 * 2)
    #expect(
      try load("baselines-listops", scale: "cpu").count == Schema.standard.mechanisms.count + 1)
    #expect(
      try load("baselines-repeats", scale: "cpu").count == Schema.standard.mechanisms.count + 1)
    #expect(
      Set(try load("lambda", scale: "cpu").map(\.densityWeight))
        == [0, 1e-4, 1e-3, 1e-2, 1e-1])
    #expect(
      try load("lambda", scale: "paper").allSatisfy {
        $0.origins["attention.density_weight"]?.provenance == .paper
      })
  }
}
