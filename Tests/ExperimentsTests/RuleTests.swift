import Experiments
import Testing

/// Settings that do not go together, refused at the place of the one that was set last.
@Suite struct RuleTests {
  @Test(arguments: [
    (
      "softmax", "model: {heads: 4, head_dim: 32}",
      "mini.yaml:4:9: model.heads: heads * head_dim is 4 * 32 = 128, but dim is 64."
        + " With 4 heads, head_dim is 16."
    ),
    (
      "softmax", "model: {heads: 3}",
      "mini.yaml:4:9: model.heads: heads * head_dim is 3 * 32 = 96, but dim is 64."
        + " 3 heads do not divide 64."
    ),
    (
      "softmax", "training: {steps: 500, warmup: 1000}",
      "mini.yaml:4:24: training.warmup: warm-up takes 1000 of 500 steps."
        + " Set training.warmup below 500; the learning rate falls after it."
    ),
    (
      "softmax", "training: {steps: 40, warmup: 4, eval_every: 50}",
      "mini.yaml:4:34: training.eval_every: dev is evaluated every 50 steps, but there are only 40."
        + " Set training.eval_every to 40 or less."
    ),
    (
      "softmax", "training: {peak_learning_rate: 0}",
      "mini.yaml:4:12: training.peak_learning_rate: a learning rate of 0 learns nothing."
    ),
    (
      "softmax", "protocol: strict",
      "mini.yaml:4:1: protocol: protocol strict needs seeds."
        + " Add `seeds: [0]` or give --seeds."
    ),
    (
      "softmax", "device: gpu",
      "mini.yaml:4:1: device: expected cpu, cuda or cuda:<index>, found 'gpu'."
    ),
    (
      "softmax", "training: {precision: bfloat16}",
      "mini.yaml:4:12: training.precision: the CPU's kernels compute in float32, not in bfloat16."
        + " Leave training.precision out, or set device: cuda."
    ),
    (
      "softmax", "data: {length: 3000, padded_length: 2048}",
      "mini.yaml:4:8: data.length: texts keep 3000 tokens, but are padded to 2048."
        + " Set data.padded_length to at least data.length."
    ),
    (
      "nystrom", "attention.landmarks: 100",
      "mini.yaml:4:1: attention.landmarks: 100 landmarks do not divide data.padded_length 2048."
        + " The nearest number that does is 128."
    ),
    (
      "linformer", "attention.rank: 4000",
      "mini.yaml:4:1: attention.rank: rank 4000 exceeds data.padded_length 2048."
        + " A rank is at most the length."
    ),
    (
      "softmax", "attention.clusters: 8",
      "mini.yaml:4:1: attention.clusters: an option of 'sbm', but attention.kind is 'softmax'."
        + " 'softmax' has no options."
    ),
    (
      "sbm", "attention.rank: 8",
      "mini.yaml:4:1: attention.rank: an option of 'linformer', but attention.kind is 'sbm'."
        + " 'sbm' has 'clusters', 'sampler', 'density_weight', 'initial_density', 'estimator',"
        + " 'gradient_scale'."
    ),
  ])
  func refused(kind: String, addition: String, message: String) throws {
    let text = "name: mini\ntask: listops\nattention.kind: \(kind)\n\(addition)\n"
    #expect(try problems(text) == [message])
  }

  @Test func imagesHaveTheirLength() throws {
    let text = "name: mini\ntask: image\nattention.kind: softmax\ndata.length: 512\n"
    #expect(
      try problems(text) == [
        "mini.yaml:4:1: data.length: images have 1024 pixels, not 512. Leave data.length out."
      ])
  }

  @Test func strictWithSeedsIsFine() throws {
    #expect(try run(minimal + "protocol: strict\nseeds: [3]\n").seed == 3)
    #expect(try run(minimal + "protocol: strict\n", .init(seeds: [4])).seed == 4)
  }

  @Test func theCommandLineIsAtFaultForWhatItSets() throws {
    let error = #expect(throws: ExperimentError.self) {
      try Experiment.parse(
        minimal, file: "mini.yaml",
        .init(overrides: [
          "training.warmup=6000", "model.dmi=3", "nonsense", "training.batch=", "seeds=3",
          "model.layers=[1, 2]",
        ]))
    }
    #expect(
      error?.issues.map(\.description) == [
        "--set model.dmi=3: model.dmi: unknown key. Did you mean 'model.dim'?",
        "--set nonsense: expected key=value. For example: --set training.steps=100",
        "--set training.batch=: training.batch: expected a whole number from 1 to 1000000,"
          + " found nothing.",
        "--set seeds=3: seeds: not a setting. Use --seeds instead.",
        "--set model.layers=[1, 2]: model.layers: expected a whole number from 1 to 64,"
          + " found a list. To make a run of each value: --sweep model.layers=[1, 2].",
        "--set training.warmup=6000: training.warmup: warm-up takes 6000 of 5000 steps."
          + " Set training.warmup below 5000; the learning rate falls after it.",
      ])
    #expect(error?.exitCode == .usage)
  }
}
