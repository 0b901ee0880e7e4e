import Foundation
import HDF5
import RunLog
import TestSupport
import Testing

/// Every task's own experiment file at `smoke` scale, from files in their published layouts to a tested
/// model. The files are small and made here; ListOps and repeated tokens make their own.
@Suite struct EveryTaskTests {
  private static let glue = ["cola", "sst2", "mrpc", "stsb", "qqp", "mnli", "qnli", "rte", "wnli"]
  private static let root = Result { try SmallData() }

  @Test(
    arguments: ["listops", "text", "retrieval", "image", "pathfinder32", "repeats", "mlm"] + glue)
  func smoke(task: String) throws {
    let data = try Self.root.get()
    let folder = try TemporaryFolder()
    let result = try TestProgram.sbm(
      "run", "experiments/\(task).yaml", "--scale", "smoke", "--out", folder.url("out").path,
      environment: ["SBM_DATA": data.folder.url.path, "SBM_CACHE": folder.url("cache").path])
    try #require(result.exitCode == 0, "\(result.errors)")
    // GLUE's tests have no labels, and masked text has none: their results are of dev, and say so.
    let isTested = !Self.glue.contains(task) && task != "mlm"
    #expect(result.errors.contains(" (parameters of step "))
    for line in result.errors.split(separator: "\n") where line.contains(" targets (parameters of")
    {
      #expect(line.contains(isTested ? ": test " : ": dev "), "\(line)")
    }
    let paths = result.output.split(separator: "\n").map(String.init)
    #expect(paths.count >= 2)
    for path in paths {
      let log = try RunLog(reading: path)
      #expect(log.status == .finished && log.labels.task == task)
      #expect(log.train.losses.allSatisfy { $0.isFinite && $0 > 0 }, "\(path)")
      #expect(log.test?.metrics[log.labels.metric]?.isFinite == true, "\(path)")
      // MNLI has a second dev set.
      let second = log.test?.metrics["accuracy_mismatched"]
      #expect(task == "mnli" ? second?.isFinite == true : second == nil, "\(path)")
    }
    if task == "mnli" {
      let report = try TestProgram.sbm("report", folder.url("out").path)
      #expect(report.output.contains("MNLI accuracy (mm)"), "\(report.output)")
    }
  }

  @Test func missingDataNamesEveryTaskAndWhatCanBeTrained() throws {
    let folder = try TemporaryFolder()
    let data = try Self.root.get()
    try FileManager.default.createSymbolicLink(
      at: folder.url("glue"), withDestinationURL: data.folder.url("glue-without-qqp-and-rte"))
    try FileManager.default.createSymbolicLink(
      at: folder.url("bert-vocab"), withDestinationURL: data.folder.url("bert-vocab"))
    let result = try TestProgram.sbm(
      "run", "experiments/glue.yaml", "--scale", "smoke", "--out", folder.url("out").path,
      environment: ["SBM_DATA": folder.url.path])
    #expect(result.exitCode == 65)
    for part in ["data-scripts/glue.sh QQP", "data-scripts/glue.sh RTE", "--only 'cola-*'"] {
      #expect(result.errors.contains(part), "\(result.errors)")
    }
    #expect(!result.errors.contains("--only 'rte-*'"))
  }

  /// Pre-training, then fine-tuning, as a user would; an encoder of another attention is refused at once.
  @Test func fineTuningBeginsWithThePreTrainedEncoder() throws {
    let folder = try TemporaryFolder()
    let data = try Self.root.get()
    func run(_ arguments: String...) throws -> ProgramResult {
      try TestProgram.run(
        TestProgram.sbm, ["run"] + arguments + ["--scale", "smoke", "--out", folder.url.path],
        environment: ["SBM_DATA": data.folder.url.path, "SBM_CACHE": folder.url("cache").path])
    }
    #expect(try run("experiments/mlm.yaml", "--only", "softmax").exitCode == 0)
    // Its page has each hidden word beside the guess.
    let page = folder.url("page.html")
    let inspect = try TestProgram.sbm(
      "inspect", folder.url("mlm-softmax-s0.h5").path, "--out", page.path)
    #expect(inspect.exitCode == 0, "\(inspect.errors)")
    let text = try String(contentsOf: page, encoding: .utf8)
    let asked = try #require(text.firstMatch(of: #/of (\d+) tokens are answered right/#)?.1)
    let table = try #require(text.firstMatch(of: #/<table class='masked'>.*?<\/table>/#)?.0)
    #expect(table.contains("guess</th>") && table.contains("right</th>"))
    #expect(table.components(separatedBy: "<tr>").count - 1 == (Int(asked) ?? 0) + 1)
    let start = "model.initial_checkpoint=\(folder.url("mlm-softmax-s0.checkpoint.h5").path)"
    // No step is large enough to leave the pre-trained embeddings.
    let tuned = try run(
      "experiments/cola.yaml", "--only", "softmax", "--set", start, "--set",
      "training.peak_learning_rate=1e-12")
    try #require(tuned.exitCode == 0, "\(tuned.errors)")
    func embedding(_ run: String) throws -> [Float] {
      try HDF5File(reading: folder.url("\(run).checkpoint.h5").path).group("best")
        .read("encoder.embeddings.token.weight")
    }
    let (before, after) = (try embedding("mlm-softmax-s0"), try embedding("cola-softmax-s0"))
    #expect(before.count == after.count && zip(before, after).allSatisfy { abs($0 - $1) < 1e-6 })

    // The run is not one of another encoder under the same name.
    let own = folder.url("cola-softmax-s0.checkpoint.h5")
    let pretrained = folder.url("mlm-softmax-s0.checkpoint.h5")
    let saved = try Data(contentsOf: pretrained)
    try Data(contentsOf: own).write(to: pretrained)
    let changed = try run(
      "experiments/cola.yaml", "--only", "softmax", "--set", start, "--set",
      "training.peak_learning_rate=1e-12")
    #expect(changed.exitCode == 65)
    #expect(
      changed.errors.contains("the run was begun with other parameters than "), "\(changed.errors)")
    try saved.write(to: pretrained)

    let larger = try run(
      "experiments/cola.yaml", "--only", "softmax", "--set", start, "--set", "model.layers=3",
      "--set", "model.dim=64", "--set", "model.head_dim=32", "--seeds", "1")
    #expect(larger.exitCode == 65)
    #expect(
      larger.errors.contains(
        "checkpoint: model.layers 2, model.dim 32, model.heads × model.head_dim 32; "
          + "this run: model.layers 3, model.dim 64, model.heads × model.head_dim 64"),
      "\(larger.errors)")
    let foreign = try run("experiments/cola.yaml", "--only", "sbm", "--set", start)
    #expect(foreign.exitCode == 65)
    #expect(foreign.errors.contains("model.initial_checkpoint: "))
    #expect(foreign.errors.contains("it has no parameter 'encoder.blocks.0.attention.mechanism."))
  }
}
