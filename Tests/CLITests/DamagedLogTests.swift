import Foundation
import RunLog
import TestSupport
import Testing

/// `sbm show` and `sbm report` on logs that cannot be right.
@Suite struct DamagedLogTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A log with a row, written to `name`.
  private func write(_ name: String, _ change: (inout RunLog) -> Void = { _ in }) throws -> URL {
    var log = RunLog(
      labels: .init(
        runID: name, experiment: "e", variant: name, task: "listops", model: "softmax",
        mechanism: "softmax", runProtocol: "strict", seed: 0, steps: 10),
      environment: .init(created: "", codeVersion: "", hardware: "", libraries: []),
      configuration: "name: e\n",
      settings: [.init(key: "model.dim", value: name, provenance: "ours")],
      cost: .init(parameters: 5))
    log.status = .finished
    log.train.append(.init(step: 1, loss: 2, metrics: ["accuracy": 0.1], seconds: 1, examples: 8))
    log.test = .init(
      step: 1, loss: 2, metrics: ["accuracy": 0.5],
      answers: .classes(predictions: [1, 2], labels: [1, 1]))
    change(&log)
    let url = folder.url("\(name).h5")
    try log.write(to: url.path)
    return url
  }

  @Test func aFlippedBitIsNamedAndTheOthersAreReported() throws {
    let (good, bad) = (try write("good"), try write("bad"))
    var bytes = try Data(contentsOf: bad)
    // In the heap of strings, which libhdf5 does not check.
    let heap = try #require(bytes.range(of: Data("GCOL".utf8)))
    bytes[heap.upperBound + 20] ^= 0x40
    try bytes.write(to: bad)

    let shown = try TestProgram.sbm("show", bad.path)
    #expect(shown.exitCode == 65 && shown.output.isEmpty)
    #expect(shown.errors.hasPrefix("Error: \(bad.path): its content does not agree with its che"))

    let report = try TestProgram.sbm("report", folder.url.path)
    #expect(report.exitCode == 65)
    #expect(report.errors.contains("\(bad.path): "))
    #expect(report.output.contains("50.00"))
    #expect(try TestProgram.sbm("show", good.path).exitCode == 0)
  }

  /// Numbers that no run can have are named; nothing traps on the way.
  @Test func absurdNumbersAreNamed() throws {
    let log = try write("absurd") { log in
      log.labels.steps = .min
      log.cost = .init(
        parameters: .min, flops: 1e300, millisecondsPerStep: -1e300, peakMemory: .max)
      for (step, value) in [(2, Double.infinity), (3, 1e300), (4, -1e300), (.max, .nan)] {
        log.train.append(
          .init(
            step: step, loss: value, metrics: ["accuracy": value], density: value, seconds: value,
            examples: .max))
        log.dev.append(
          .init(
            step: step, loss: value, metrics: ["accuracy": value], density: value, seconds: value,
            examples: .min))
        log.density.append([[value]])
      }
      log.test?.metrics["accuracy"] = 1e300
      log.test?.loss = -.infinity
    }
    for arguments in [
      ["show", log.path], ["report", log.path], ["report", log.path, "--format", "json"],
      ["report", log.path, "--format", "html", "--out", folder.url("page.html").path],
    ] {
      let result = try TestProgram.run(TestProgram.sbm, arguments)
      #expect(result.exitCode == 65, "\(arguments): \(result.errors)")
      #expect(result.errors.contains("\(log.path): /train/loss: 1e+300 is impossible"))
    }
  }
}
