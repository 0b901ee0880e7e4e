import Experiments
import Testing

/// Defaults that follow other settings.
@Suite struct FollowingTests {
  private func mini(_ task: String, _ addition: String = "", _ set: String...) throws
    -> RunConfiguration
  {
    try run(
      "name: mini\ntask: \(task)\nattention.kind: softmax\n\(addition)\n", .init(overrides: set))
  }

  @Test func warmUpAndEvaluationsKeepTheirShareOfTheSteps() throws {
    // ListOps: 1,000 of 5,000 and every 50.
    let fewer = try mini("listops", "", "training.steps=300")
    #expect((fewer.training.warmup, fewer.training.evalEvery) == (60, 3))
    #expect(fewer.origins["training.warmup"]?.setBy == "follows training.steps")
    #expect(fewer.origins["training.warmup"]?.provenance == .ours)
    // SST-2: 1,052 of 10,525 and every 2,105.
    let glue = try mini("sst2", "training.steps: 300")
    #expect((glue.training.warmup, glue.training.evalEvery) == (30, 60))
    let more = try mini("sst2", "training.steps: 21050")
    #expect((more.training.warmup, more.training.evalEvery) == (2104, 4210))
    let few = try mini("listops", "training.steps: 2")
    #expect((few.training.warmup, few.training.evalEvery) == (1, 1))
    // As many as usual: as usual.
    let usual = try mini("listops", "training.steps: 5000")
    #expect((usual.training.warmup, usual.training.evalEvery) == (1000, 50))
    #expect(usual.origins["training.warmup"]?.setBy == "default")
    #expect(usual.origins["training.warmup"]?.provenance == .publishedCode)
  }

  @Test func whatIsWrittenDownFollowsOnlyWhatLiesOverIt() throws {
    let file = "training: {steps: 5000, warmup: 1000, eval_every: 100}"
    let set = try mini("listops", file, "training.steps=500")
    // The default that the file repeats; its own choice of 100 stays.
    #expect((set.training.warmup, set.training.evalEvery) == (100, 100))
    let beside = try mini("listops", "training: {steps: 2000, warmup: 1000}")
    #expect(beside.training.warmup == 1000)
    let own = try mini("listops", "training: {warmup: 7}", "training.steps=500")
    #expect(own.training.warmup == 7)
  }

  @Test func headsShareTheFeatures() throws {
    #expect(try mini("listops", "model.dim: 128").model.headDim == 64)
    #expect(try mini("listops", "model.heads: 4").model.headDim == 16)
    #expect(try mini("listops", "model: {dim: 96, heads: 3}").model.headDim == 32)
    #expect(
      try runs(minimal, .init(sweeps: ["model.dim=32,128"])).map(\.model.headDim) == [16, 64])
  }

  @Test func positionsReachToTheLongestText() throws {
    #expect(try mini("listops", "data.length: 3000").data.paddedLength == 3072)
    #expect(try mini("text", "", "data.length=4000").data.paddedLength == 4096)
    #expect(try mini("text", "", "data.length=1000").data.paddedLength == 3072)
    #expect(try mini("sst2", "data.length: 200").data.paddedLength == 256)
  }

  @Test func fineTuningFromScratchLearnsFaster() throws {
    let scratch = try mini("sst2")
    #expect(scratch.training.peakLearningRate == 1e-3)
    #expect(scratch.origins["training.peak_learning_rate"]?.provenance == .ours)
    #expect(try mini("sst2", "model.initial_checkpoint: x.h5").training.peakLearningRate == 1e-4)
    #expect(
      try mini("sst2", "training.peak_learning_rate: 1.0e-4").training.peakLearningRate == 1e-4)
    #expect(try mini("listops").training.peakLearningRate == 5e-4)
  }

  @Test func shortBatchesAreCutForSeveralThreads() throws {
    #expect(try mini("sst2").training.shardTokens == 1024)
    #expect(try mini("sst2", "training.batch: 128").training.shardTokens == 2048)
    #expect(try mini("sst2", "training.batch: 4").training.shardTokens == 1024)
    #expect(try mini("sst2", "training.shard_tokens: 4096").training.shardTokens == 4096)
    #expect(try mini("listops").training.shardTokens == 8192)
    let begun = try mini("sst2").withDefaults {
      $0 == "training.shard_tokens" ? ("8192", "default") : nil
    }
    #expect(begun.training.shardTokens == 8192)
  }

  /// A run that was begun when defaults did not follow goes on with them.
  @Test func aRunKeepsTheDefaultsItWasBegunWith() throws {
    let now = try mini("sst2", "", "training.steps=2000")
    #expect(now.training.warmup == 200)
    let begun = now.withDefaults { $0 == "training.warmup" ? ("1052", "default") : nil }
    #expect(begun.training.warmup == 1052 && begun.training.evalEvery == now.training.evalEvery)
    #expect(begun.origins["training.warmup"]?.setBy == "default")
    #expect(now.withDefaults { _ in nil } == now)
    // When they followed otherwise; what somebody set is refused where it is not what he sets now.
    let other = now.withDefaults {
      $0 == "training.warmup" ? ("77", "follows training.steps") : ("3", "--set")
    }
    #expect(other.training.warmup == 77 && other.training.evalEvery == now.training.evalEvery)
    #expect(other.origins["training.warmup"]?.setBy == "follows training.steps")
  }

  /// A default that follows one that follows: the length of WordPieces is 128, and shards follow the length.
  @Test func whatFollowsWaitsForWhatItFollows() throws {
    let tables = "data: {train_file: x.tsv, tokens: wordpiece}\ntraining.batch: 32"
    let run = try mini("labelled", tables)
    #expect((run.data.length, run.training.shardTokens) == (128, 1024))
  }

  /// A resolved run has nothing left to follow.
  @Test func resolvedRunsStayAsTheyAre() throws {
    let one = try mini("sst2", "model.dim: 128", "training.steps=300", "data.length=200")
    let again = try RunConfiguration(resolvedYAML: one.resolvedYAML, file: "log")
    #expect(again == one && again.identity == one.identity)
  }
}
