import Foundation
import RunLog
import TestSupport
import Testing

/// `sbm export` as a user meets it: small runs, exported, and read by the tools that the formats are for.
@Suite(.serialized) struct ExportCommandTests {
  /// Runs of every head and both protocols, made once.
  private static let trained = Result { () throws -> TemporaryFolder in
    let data = try SmallData()
    let folder = try TemporaryFolder()
    // One folder for both: the data is the runs' own.
    for name in ["glue", "bert-vocab", "retrieval", "aclImdb", "corpus", "cifar-10-batches-bin"] {
      try FileManager.default.moveItem(
        at: data.folder.url(name),
        to: try folder.url("data", making: true).appendingPathComponent(name))
    }
    for (name, tasks, kinds, lengths) in [
      (
        "short", "listops, retrieval, text, stsb, sst2, mlm", "softmax, sbm",
        "length: 60, padded_length: 64"
      ),
      ("repeats", "repeats", "softmax, sbm", "length: 24, padded_length: 24"),
      ("image", "image", "softmax", "length: 1024, padded_length: 1024"),
    ] {
      try folder.write(
        """
        name: \(name)
        seeds: [3]
        attention: {clusters: 6}
        model:
          {layers: 2, dim: 16, heads: 2, head_dim: 8, feed_forward: 24}
        training:
          {steps: 6, batch: 8, warmup: 2, eval_every: 3, checkpoint_every: 6, log_every: 2,
           peak_learning_rate: 1.0e-2}
        data: {\(lengths), train_examples: 64, dev_examples: 20, test_examples: 21}
        sweep:
          grid:
            task: [\(tasks)]
            attention.kind: [\(kinds)]
            protocol: [published, strict]

        """, to: "\(name).yaml")
      let result = try sbm(folder, "run", "\(name).yaml", "--out", "results")
      try #require(result.exitCode == 0, "\(result.errors)")
    }
    return folder
  }

  private static func sbm(_ folder: TemporaryFolder, _ arguments: String...) throws -> ProgramResult
  {
    try TestProgram.run(
      TestProgram.sbm, arguments, in: folder.url,
      environment: ["SBM_DATA": folder.url("data").path])
  }

  private func logs() throws -> [String] {
    let folder = try Self.trained.get().url("results")
    return try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".h5") && !$0.hasSuffix(".checkpoint.h5") }.sorted()
      .map { folder.appendingPathComponent($0).path }
  }

  private func log(_ start: String) throws -> String {
    try #require(try logs().first { ($0 as NSString).lastPathComponent.hasPrefix(start) })
  }

  private func export(_ arguments: String...) throws -> ProgramResult {
    try TestProgram.run(TestProgram.sbm, ["export"] + arguments, in: Self.trained.get().url)
  }

  // MARK: PyTorch

  /// The page's own code, in its order.
  private func code() throws -> String {
    let page = try String(
      contentsOf: TestProgram.package.appendingPathComponent(
        "Sources/Exports/Exports.docc/RebuildInPyTorch.md"), encoding: .utf8)
    let blocks = page.matches(of: #/```python\n((?s).*?)```/#).map { String($0.1) }
    #expect(blocks.count == 4)
    return blocks.joined(separator: "\n")
  }

  @Test(.enabled(if: PeerPython.isThere)) func theModelIsRebuiltInPyTorch() throws {
    let folder = try TemporaryFolder()
    let code = try code()
    let logs = try logs()
    #expect(logs.count == 30)
    for path in logs {
      let (weights, table) = (folder.url("x.safetensors").path, folder.url("x.csv").path)
      let first = try export(path, "--format", "safetensors", "--out", weights)
      #expect(first.exitCode == 0 && first.output == "\(weights)\n", "\(first.errors)")
      let second = try export(path, "--format", "csv", "--tokens", "--out", table)
      try #require(second.exitCode == 0, "\(second.errors)")
      let log = try RunLog(reading: path)
      let test = try #require(log.test)
      let split = ["stsb", "sst2", "mlm"].contains(log.labels.task) ? "dev" : "test"
      let result = try PeerPython.run(code, [weights, table, split])
      #expect(
        result.output == "\(test.targets) of \(test.targets) predictions are equal\n",
        "\(log.labels.runID): \(result.output)\(result.errors)")
    }
  }

  @Test(.enabled(if: PeerPython.isThere)) func publishedNamesAreThoseOfItsStateDict() throws {
    let folder = try TemporaryFolder()
    let path = try log("listops-sbm")
    let (ours, published) = (folder.url("a.safetensors").path, folder.url("b.safetensors").path)
    #expect(try export(path, "--format", "safetensors", "--out", ours).exitCode == 0)
    let result = try export(
      path, "--format", "safetensors", "--names", "published", "--out", published)
    #expect(result.exitCode == 0, "\(result.errors)")
    let compared = try PeerPython.run(
      """
      import sys
      from safetensors.torch import load_file
      ours, published = load_file(sys.argv[1]), load_file(sys.argv[2])
      for a, b in [
          ("encoder.embeddings.token.weight", "model.embeddings.word_embeddings.weight"),
          ("encoder.blocks.1.attention.mechanism.clusters", "model.transformer_1.mha.attn.clusters"),
          ("encoder.blocks.0.attention.mechanism.hidden.bias", "model.transformer_0.mha.attn.proj.0.bias"),
          ("head.inner.weight", "seq_classifer.mlpblock.0.weight"),
      ]:
          assert ours[a].equal(published[b]), a
      assert len(ours) == len(published)
      assert all(name.startswith(("model.", "seq_classifer.")) for name in published)
      """, [ours, published])
    #expect(compared.exitCode == 0, "\(compared.errors)")
  }

  @Test func whatThePublishedCodeHasNotIsRefused() throws {
    let path = try log("sst2-sbm")
    let result = try export(path, "--format", "safetensors", "--names", "published")
    #expect(result.exitCode == 65)
    #expect(result.errors.contains("no parameter like 'encoder.embeddings.type.weight'"))
  }

  // MARK: TensorBoard

  @Test(.enabled(if: PeerPython.isThere)) func tensorBoardReadsTheCurves() throws {
    let folder = try TemporaryFolder()
    let path = try log("listops-sbm")
    let result = try export(path, "--format", "tensorboard", "--out", folder.url.path)
    #expect(result.exitCode == 0, "\(result.errors)")
    let log = try RunLog(reading: path)
    #expect(result.output == "\(folder.url(log.labels.runID).path)\n")
    // Again: in place of the first.
    #expect(try export(path, "--format", "tensorboard", "--out", folder.url.path).exitCode == 0)
    let read = try PeerPython.run(
      """
      import os, sys
      from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
      for split in sorted(os.listdir(sys.argv[1])):
          folder = os.path.join(sys.argv[1], split)
          assert len(os.listdir(folder)) == 1
          events = EventAccumulator(folder, size_guidance={"scalars": 0}).Reload()
          for tag in sorted(events.Tags()["scalars"]):
              for event in events.Scalars(tag):
                  print(split, tag, event.step, repr(event.value), round(event.wall_time - events.FirstEventTimestamp(), 2))
          for tag in events.Tags()["tensors"]:
              text = events.Tensors(tag)[0].tensor_proto.string_val[0].decode()
              print(split, tag, "name: short" in text)
      """, [folder.url(log.labels.runID).path])
    #expect(read.exitCode == 0, "\(read.errors)")
    var points: [String: [(step: Int, value: Float, seconds: Double)]] = [:]
    var texts: [String] = []
    for line in read.output.split(separator: "\n") {
      let words = line.split(separator: " ").map(String.init)
      if words.count == 5, let step = Int(words[2]), let value = Float(words[3]),
        let seconds = Double(words[4])
      {
        points["\(words[0])/\(words[1])", default: []].append((step, value, seconds))
      } else {
        texts.append(String(line))
      }
    }
    #expect(
      texts == ["train configuration/text_summary True"] || texts == ["train configuration True"])
    func expect(_ tag: String, _ steps: [Int], _ values: [Double], _ seconds: [Double]) {
      #expect(points[tag]?.map(\.step) == steps, "\(tag)")
      #expect(points[tag]?.map(\.value) == values.map(Float.init), "\(tag)")
      for (found, wanted) in zip(points[tag] ?? [], seconds) {
        #expect(abs(found.seconds - wanted) < 0.011, "\(tag)")
      }
    }
    for (split, series) in [("train", log.train), ("dev", log.dev)] {
      #expect(series.count > 1)
      expect("\(split)/loss", series.steps, series.losses, series.seconds)
      expect("\(split)/accuracy", series.steps, series.metrics["accuracy"] ?? [], series.seconds)
      expect("\(split)/density", series.steps, series.densities, series.seconds)
    }
    expect("train/learning_rate", log.train.steps, log.train.learningRates, log.train.seconds)
    for layer in 0..<2 {
      for head in 0..<2 {
        expect(
          "dev/density/layer\(layer + 1).head\(head + 1)", log.dev.steps,
          log.density.curve(layer: layer, head: head), log.dev.seconds)
      }
    }
    let test = try #require(log.test)
    expect("test/loss", [test.step], [test.loss], [])
    expect("test/accuracy", [test.step], [test.metrics["accuracy"] ?? .nan], [])
    #expect(points.count == 4 + 3 + 4 + 3)
  }

  // MARK: Predictions

  @Test func predictionsStandBesideTheirTexts() throws {
    let folder = try TemporaryFolder()
    let table = folder.url("x.csv")
    let path = try log("text-softmax")
    let result = try export(path, "--format", "csv", "--out", table.path)
    #expect(result.exitCode == 0, "\(result.errors)")
    let lines = try String(contentsOf: table, encoding: .utf8).split(separator: "\n")
      .map(String.init)
    #expect(lines[0] == "example,prediction,label,correct,prediction_name,label_name,text")
    let log = try RunLog(reading: path)
    let test = try #require(log.test)
    guard case .classes(let predictions, let labels) = test.answers else { return }
    #expect(lines.count == 1 + test.targets && test.targets > 10)
    for (row, line) in lines.dropFirst().enumerated() {
      let label = labels[row]
      let names = ["negative", "positive"]
      let start =
        "\(test.exampleIndices?[row] ?? -1),\(predictions[row]),\(label),"
        + "\(predictions[row] == label ? 1 : 0),\(names[predictions[row]]),\(names[label]),"
      #expect(line.hasPrefix(start), "\(line)")
      // The text is cut to 60 bytes, has a comma, and says what the label is.
      #expect(
        line.dropFirst(start.count).hasPrefix("\"A \(["dull", "bright"][label]) film, number "))
    }
  }

  @Test func everyTaskHasItsColumns() throws {
    let columns = [
      "listops": "example,prediction,label,correct,text",
      "retrieval": "example,prediction,label,correct,prediction_name,label_name,text,second_text",
      "stsb": "example,prediction,label,text",
      "mlm": "example,place,token,prediction,label,correct,prediction_name,label_name",
      "repeats": "example,place,token,prediction,label,correct,prediction_name,label_name",
      "image": "example,prediction,label,correct,prediction_name,label_name",
    ]
    let folder = try TemporaryFolder()
    for (task, header) in columns {
      let table = folder.url("\(task).csv")
      let result = try export(log("\(task)-softmax"), "--format", "csv", "--out", table.path)
      #expect(result.exitCode == 0, "\(result.errors)")
      let text = try String(contentsOf: table, encoding: .utf8)
      #expect(text.hasPrefix(header + "\n"), "\(text.prefix(200))")
      let count = try RunLog(reading: log("\(task)-softmax")).test?.targets
      #expect(text.split(separator: "\n").count == 1 + (count ?? 0), "\(task)")
    }
  }

  @Test func severalRunsGoIntoAFolder() throws {
    let folder = try TemporaryFolder()
    let paths = [try log("listops-sbm"), try log("image-softmax")]
    let result = try export(
      paths[0], paths[1], "--format", "csv", "--without-text", "--out", folder.url("a/b").path)
    #expect(result.exitCode == 0, "\(result.errors)")
    let written = result.output.split(separator: "\n").map(String.init)
    #expect(
      written
        == paths.map {
          folder.url("a/b").path + "/"
            + ($0 as NSString).lastPathComponent.replacing(".h5", with: ".predictions.csv")
        })
    let text = try String(contentsOf: URL(fileURLWithPath: written[0]), encoding: .utf8)
    #expect(text.hasPrefix("example,prediction,label,correct\n"))
  }

  /// Runs of one name from two folders would become one.
  @Test(arguments: ["csv", "safetensors", "tensorboard"])
  func runsOfOneNameAreNotMixed(format: String) throws {
    let folder = try TemporaryFolder()
    let path = try log("listops-sbm")
    let copy = try folder.url("other", making: true)
      .appendingPathComponent((path as NSString).lastPathComponent)
    try FileManager.default.copyItem(atPath: path, toPath: copy.path)
    let out = folder.url("out").path
    let result = try export(path, copy.path, "--format", format, "--out", out)
    #expect(
      result.exitCode == 64 && result.errors.contains("would both be written to \(out)/"),
      "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: out))
    let twice = try export(path, path, "--format", format, "--out", out)
    #expect(twice.exitCode == 64 && twice.errors.contains("is named twice"))
  }

  @Test func exportsLieBesideTheLog() throws {
    let name = (try log("stsb-softmax") as NSString).lastPathComponent.replacing(".h5", with: "")
    for (format, path) in [
      ("safetensors", "results/\(name).safetensors"),
      ("csv", "results/\(name).predictions.csv"), ("tensorboard", "results/tensorboard/\(name)"),
    ] {
      let result = try export(name, "--format", format)
      #expect(
        result.exitCode == 0 && result.output == "\(path)\n", "\(result.output)\(result.errors)")
      #expect(try FileManager.default.fileExists(atPath: Self.trained.get().url(path).path))
    }
  }

  // MARK: Nothing is made

  @Test func whatIsLookedAtIsNeverGenerated() throws {
    let folder = try TemporaryFolder()
    let path = try log("listops-softmax")
    let command = "sbm data generate listops --seed 0 --train 64 --root \(folder.url.path)"
    for arguments in [
      ["inspect", path, "--out", folder.url("page.html").path, "--root", folder.url.path],
      ["export", path, "--format", "csv", "--root", folder.url.path],
    ] {
      let result = try TestProgram.run(TestProgram.sbm, arguments, in: folder.url)
      #expect(result.exitCode == 65)
      #expect(result.errors.contains("tables of this run are not here"), "\(result.errors)")
      #expect(result.errors.contains("`\(command)`"), "\(result.errors)")
    }
    // With the files and without the cache: the command that makes it, which does.
    let text = try log("text-softmax")
    let data = try Self.trained.get().url("data").path
    let cache = folder.url("cache").path
    let result = try TestProgram.run(
      TestProgram.sbm, ["export", text, "--format", "csv", "--cache", cache], in: folder.url)
    #expect(result.exitCode == 65)
    let published = try RunLog(reading: text).labels.runProtocol == "published"
    let hint =
      "sbm data prepare text --max-length 60\(published ? "" : " --protocol strict") --root \(data) "
      + "--cache \(cache)"
    #expect(result.errors.contains("`\(hint)`"), "\(result.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
    let words = hint.split(separator: " ").dropFirst().map(String.init)
    #expect(try TestProgram.run(TestProgram.sbm, words).exitCode == 0)
    let again = try TestProgram.run(
      TestProgram.sbm,
      ["export", text, "--format", "csv", "--cache", cache, "--out", folder.url("x.csv").path],
      in: folder.url)
    #expect(again.exitCode == 0, "\(again.errors)")
  }

  /// The log knows its data's folder and sizes: from wherever a person looks.
  @Test func runsAreLookedAtFromAnotherFolder() throws {
    let folder = try TemporaryFolder()
    let relative = try TemporaryFolder()
    let first = try TestProgram.sbm(
      "run", try Self.trained.get().url("repeats.yaml").path, "--only", "*softmax*", "--set",
      "data.root=mine", "--out", "out", in: relative.url, environment: ["SBM_CACHE": "kept"])
    try #require(first.exitCode == 0, "\(first.errors)")
    let printed = String(first.output.split(separator: "\n")[0])
    let path = printed.hasPrefix("/") ? printed : relative.url(printed).path
    let log = try RunLog(reading: path)
    let settings = Dictionary(uniqueKeysWithValues: log.settings.map { ($0.key, $0.value) })
    // As YAML writes text.
    #expect(settings["data.root"]?.hasPrefix("\"/") == true)
    #expect(settings["data.root"]?.hasSuffix("/mine\"") == true)
    #expect(settings["data.cache"]?.hasSuffix("/kept\"") == true)
    let page = folder.url("page.html").path
    let result = try TestProgram.sbm("inspect", path, "--out", page, in: folder.url)
    #expect(result.exitCode == 0, "\(result.errors)")
    // The example is checked before the data is looked for.
    for arguments in [["--split", "dev"], []] {
      let wrong = try TestProgram.run(
        TestProgram.sbm,
        ["inspect", path, "--example", "21", "--root", folder.url("none").path] + arguments)
      #expect(wrong.exitCode == 64)
      #expect(wrong.errors.contains("numbered from 0 to \(arguments.isEmpty ? 20 : 19)"))
    }
  }

  // MARK: Mistakes

  @Test func mistakesAreExplained() throws {
    let path = try log("listops-softmax")
    let unfinished = try TemporaryFolder()
    var log = try RunLog(reading: path)
    log.test = nil
    try log.write(to: unfinished.url("x.h5").path)
    for (arguments, code, message) in [
      ([path], 64, "Missing expected option '--format <format>'"),
      (["--format", "csv"], 64, "<runs>"),
      ([path, "--format", "pickle"], 64, "pickle"),
      ([path, "--format", "csv", "--names", "published"], 64, "--names means nothing for csv"),
      (
        [path, "--format", "tensorboard", "--root", "x"], 64, "--root means nothing for tensorboard"
      ),
      (["nothing", "--format", "csv"], 64, "neither a file nor a run below results"),
      ([unfinished.url("x.h5").path, "--format", "csv"], 65, "has not been tested"),
      ([unfinished.url("x.h5").path, "--format", "safetensors"], 65, "there is no checkpoint"),
      ([path, "--format", "csv", "--out", "/proc/nothing/x.csv"], 74, "/proc/nothing"),
    ] as [([String], Int32, String)] {
      let result = try TestProgram.run(
        TestProgram.sbm, ["export"] + arguments, in: Self.trained.get().url)
      #expect(result.exitCode == code, "\(arguments): \(result.errors)")
      #expect(result.errors.contains(message), "\(arguments): \(result.errors)")
      #expect(result.output.isEmpty)
    }
  }

  // MARK: The other way round

  /// An encoder out of a safetensors file, by either kind of names, is the one out of the checkpoint.
  @Test func runsBeginWithASafetensorsFile() throws {
    let folder = try TemporaryFolder()
    let path = try log("listops-sbm")
    let runProtocol = try RunLog(reading: path).labels.runProtocol
    let starts = [
      path.replacing(".h5", with: ".checkpoint.h5"), folder.url("ours.safetensors").path,
      folder.url("published.safetensors").path,
    ]
    for (names, file) in zip(["ours", "published"], starts.dropFirst()) {
      let result = try export(path, "--format", "safetensors", "--names", names, "--out", file)
      #expect(result.exitCode == 0, "\(result.errors)")
    }
    func begin(_ start: String, _ out: String) throws -> ProgramResult {
      try TestProgram.run(
        TestProgram.sbm,
        [
          "run", "short.yaml", "--only", "listops-sbm-\(runProtocol)*", "--seeds", "8", "--out",
          folder.url(out).path, "--set", "model.initial_checkpoint=\(start)", "--set",
          "training.steps=3",
        ], in: Self.trained.get().url,
        environment: ["SBM_DATA": Self.trained.get().url("data").path])
    }
    var losses: [[Double]] = []
    for (index, start) in starts.enumerated() {
      let result = try begin(start, "\(index)")
      try #require(result.exitCode == 0, "\(result.errors)")
      let log = try RunLog(reading: String(result.output.split(separator: "\n")[0]))
      losses.append(log.train.losses + log.dev.losses)
    }
    #expect(losses[0] == losses[1] && losses[0] == losses[2])
    let other = folder.url("other.safetensors").path
    #expect(
      try export(log("retrieval-softmax"), "--format", "safetensors", "--out", other).exitCode == 0)
    let wrong = try begin(other, "wrong")
    #expect(wrong.exitCode == 65 && wrong.errors.contains("model.initial_checkpoint: \(other): "))
    try folder.write("no tensors", to: "text.safetensors")
    let text = try begin(folder.url("text.safetensors").path, "text")
    #expect(text.exitCode == 65 && text.errors.contains("this is no safetensors file"))
  }
}

extension TemporaryFolder {
  /// A folder in it, made if it is not there.
  fileprivate func url(_ name: String, making: Bool) throws -> URL {
    try FileManager.default.createDirectory(at: url(name), withIntermediateDirectories: true)
    return url(name)
  }
}
