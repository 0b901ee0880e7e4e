import Foundation
import RunLog
import TestSupport
import Testing

/// What a dry run says of time: measured at first, then told by logs, summed, and a warning before days are spent.
@Suite(.serialized) struct PlanTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.write(
      """
      name: plan
      task: listops
      seeds: [0]
      protocol: strict
      model: {layers: 1, dim: 16, heads: 2, head_dim: 8, feed_forward: 16}
      training: {steps: 30, batch: 4, warmup: 1, eval_every: 10, checkpoint_every: 10, log_every: 1}
      data:
        {length: 48, padded_length: 64, train_examples: 32, dev_examples: 8, test_examples: 8}
      sweep:
        cases:
          softmax: {attention.kind: softmax}
          fast: {attention.kind: sbm, attention.sampler: fastrg, attention.clusters: 8}

      """, to: "plan.yaml")
  }

  private struct Plan: Decodable {
    var run: String
    var state: String
    var parameters: Int
    var seconds: Double?
    var secondsBy: String?

    enum CodingKeys: String, CodingKey {
      case run, state, parameters, seconds
      case secondsBy = "seconds_by"
    }
  }

  private func run(_ arguments: String...) throws -> ProgramResult {
    try TestProgram.run(
      TestProgram.sbm, ["run", "plan.yaml"] + arguments, in: folder.url,
      environment: ["SBM_DATA": folder.url("data").path])
  }

  private func plan(_ arguments: String...) throws -> [Plan] {
    let result = try TestProgram.run(
      TestProgram.sbm, ["run", "plan.yaml", "--dry-run", "--json"] + arguments, in: folder.url,
      environment: ["SBM_DATA": folder.url("data").path])
    try #require(result.exitCode == 0, "\(result.errors)")
    return try result.output.split(separator: "\n").map {
      try JSONDecoder().decode(Plan.self, from: Data($0.utf8))
    }
  }

  @Test func hoursAreKnownBeforeTheyAreSpent() throws {
    // Nothing is there: a part of a step is tried, on examples that are made up.
    let new = try plan()
    #expect(new.map(\.secondsBy) == ["measured", "measured"])
    #expect(new.allSatisfy { ($0.seconds ?? 0) > 0 })
    #expect(!FileManager.default.fileExists(atPath: folder.url("data").path))
    #expect(!FileManager.default.fileExists(atPath: folder.url("results").path))
    // Steps count in proportion, but for the test.
    let long = try plan("--set", "training.steps=3000", "--set", "training.eval_every=1000")
    #expect(try #require(long[0].seconds) > 5 * #require(new[0].seconds))

    let page = try run("--dry-run")
    #expect(page.output.contains("2 runs (2 new), "), "\(page.output)")
    #expect(page.output.contains(" left on this machine (2 measured now)"), "\(page.output)")
    #expect(page.errors.isEmpty, "\(page.errors)")
    let days = try run("--dry-run", "--set", "training.steps=100000000", "--set", "model.layers=12")
    #expect(
      days.errors.contains(#/^Warning: this is about \d+ days \d\d h of work for this machine\./#),
      "\(days.errors)")
    #expect(days.exitCode == 0 && days.errors.contains("--part i/n"))

    // One run is trained: its like are told by its log, another mechanism is not.
    let trained = try run("--only", "softmax")
    #expect(trained.exitCode == 0, "\(trained.errors)")
    let log = try RunLog(reading: folder.url("results/plan/listops-softmax-s0.h5").path)
    let seconds = try #require(log.train.seconds.last)
    let next = try plan("--seeds", "0,1")
    #expect(next.map(\.run).prefix(2) == ["listops-softmax-s0", "listops-fast-s0"])
    #expect(next.map(\.secondsBy) == ["its log", "measured", "a log", "measured"])
    #expect(next[0].seconds == 0 && next[0].state == "finished")
    #expect(abs(try #require(next[2].seconds) - seconds) < 1e-6 * seconds)
    // What is said of parameters before is what is there afterwards.
    #expect(next[0].parameters == log.cost.parameters)
    let sum = try run("--dry-run", "--seeds", "0,1")
    let text = sum.output.replacing(#/\s+/#, with: " ")
    #expect(text.contains("(1 by logs of their like, 2 measured now)"), "\(sum.output)")
    #expect(sum.output.split(separator: "\n").allSatisfy { $0.count <= 120 }, "\(sum.output)")

    // Logs of another machine tell nothing of this one.
    var foreign = log
    foreign.environment.hardware = "another machine"
    try foreign.write(to: folder.url("results/plan/listops-softmax-s0.h5").path)
    #expect(try plan("--seeds", "1", "--only", "softmax").map(\.secondsBy) == ["measured"])
  }

  @Test func aDryRunFitsIntoATerminal() throws {
    let file = TestProgram.package.appendingPathComponent("experiments/repeats.yaml").path
    let result = try TestProgram.sbm("run", file, "--dry-run", in: folder.url)
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output.contains("\n    kind=sbm clusters=32 sampler=fastrg estimator=paper\n"))
    #expect(result.output.split(separator: "\n").allSatisfy { $0.count <= 120 })
  }

  /// What nothing would stand below has no heading.
  @Test func columnsHaveCells() throws {
    func heading(_ arguments: String...) throws -> String? {
      let result = try TestProgram.run(
        TestProgram.sbm, ["run", "plan.yaml", "--dry-run"] + arguments, in: folder.url,
        environment: ["SBM_DATA": folder.url("data").path])
      try #require(result.exitCode == 0, "\(result.errors)")
      let lines = result.output.split(separator: "\n")
      return lines.first { $0.hasPrefix("run ") }.map { String($0.replacing(#/  +/#, with: ", ")) }
    }
    let all = "run, parameters, FLOPs/example, training FLOPs, state, time left, set for it"
    #expect(try heading() == all)
    #expect(try heading("--only", "softmax") == String(all.dropLast(", set for it".count)))
    #expect(try run("--only", "softmax").exitCode == 0)
    #expect(
      try heading("--only", "softmax")
        == "run, parameters, FLOPs/example, training FLOPs, state")
  }

  /// An interrupted run: what is left of it, and the same step wherever one is told.
  @Test func commandsAgreeOnSteps() throws {
    #expect(try run("--only", "softmax").exitCode == 0)
    let path = folder.url("results/plan/listops-softmax-s0.h5").path
    var log = try RunLog(reading: path)
    let whole = try #require(log.train.seconds.last)
    log.truncate(afterStep: 20)
    log.status = .interrupted
    try log.write(to: path)
    // The checkpoint of step 30 is ahead of that log; the run would go on from it.
    let plan = try plan("--only", "softmax")
    #expect(plan[0].state == "interrupted" && plan[0].seconds == 0)
    let dry = try run("--dry-run", "--only", "softmax").output
    #expect(dry.contains("interrupted at step 20 of 30, goes on from 30"), "\(dry)")
    for command in ["show", "report"] {
      let result = try TestProgram.sbm(command, path, in: folder.url)
      #expect(result.output.contains(#/step 20 of 30/#), "\(result.output)")
    }
    #expect(whole > 0)
  }
}
