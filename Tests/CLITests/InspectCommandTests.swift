import Attention
import DataFiles
import Datasets
import Foundation
import RunLog
import TestSupport
import Testing

/// `sbm inspect` as a user meets it: runs of every mechanism, trained a little, then looked at.
@Suite(.serialized) struct InspectCommandTests {
  private static let kinds = AttentionRegistry.kinds

  /// The runs, made once: all mechanisms, two steps each, and one whose loss is no number at once.
  private static let trained = Result { () throws -> TemporaryFolder in
    let folder = try TemporaryFolder()
    let cases = AttentionRegistry.mechanisms.map { mechanism in
      let options = mechanism.shortOptions.sorted { $0.key < $1.key }
        .map { ", attention.\($0.key): \($0.value)" }
      return "      \(mechanism.kind): {attention.kind: \(mechanism.kind)\(options.joined())}"
    }
    try folder.write(
      """
      name: look
      task: listops
      seeds: [0]
      protocol: strict
      model: {layers: 2, dim: 16, heads: 2, head_dim: 8, feed_forward: 16}
      training: {steps: 4, batch: 8, warmup: 1, eval_every: 2, checkpoint_every: 2, log_every: 1}
      data:
        {length: 48, padded_length: 64, train_examples: 64, dev_examples: 20, test_examples: 21}
      sweep:
        cases:
      \(cases.joined(separator: "\n"))
            broken:
              {attention.kind: softmax, training.steps: 400, training.eval_every: 400,
               training.peak_learning_rate: 10}

      """, to: "look.yaml")
    let result = try sbm(folder, "run", "look.yaml")
    #expect(result.exitCode == 1 && result.errors.contains("broken"), "\(result.errors)")
    return folder
  }

  private static func sbm(_ folder: TemporaryFolder, _ arguments: String...) throws -> ProgramResult
  {
    try TestProgram.run(
      TestProgram.sbm, arguments, in: folder.url,
      environment: ["SBM_DATA": folder.url("data").path])
  }

  private func inspect(_ arguments: String...) throws -> ProgramResult {
    let folder = try Self.trained.get()
    return try TestProgram.run(
      TestProgram.sbm, ["inspect"] + arguments, in: folder.url,
      environment: ["SBM_DATA": folder.url("data").path])
  }

  /// The page of an example, as it was written.
  private func page(_ run: String, example: Int, _ options: String...) throws -> String {
    let folder = try Self.trained.get()
    let result = try TestProgram.run(
      TestProgram.sbm,
      ["inspect", run, "--example", "\(example)", "--out", "page.html"] + options, in: folder.url,
      environment: ["SBM_DATA": folder.url("data").path])
    try #require(result.exitCode == 0, "\(result.errors)")
    #expect(result.output == "page.html\n")
    return try String(contentsOf: folder.url("page.html"), encoding: .utf8)
  }

  /// The gray image with that id.
  private func image(_ id: String, in page: String) throws -> GrayImage {
    let start = try #require(page.range(of: "<image id='\(id)'"), "\(id)")
    let rest = page[start.upperBound...]
    let begin = try #require(rest.range(of: "base64,")).upperBound
    let end = try #require(rest[begin...].firstIndex(of: "'"))
    let png = try #require(Data(base64Encoded: String(rest[begin..<end])))
    return try GrayImage(png: Array(png), file: id)
  }

  /// The cells of the head's row in the table of numbers.
  private func numbers(_ id: String, in page: String) throws -> [String] {
    let row = try #require(
      page.split(separator: "\n").first {
        $0.hasPrefix("<tr") && $0.contains("<th scope='row'><a href='#\(id)'>")
      })
    return row.split(separator: "<td class='number'>").dropFirst().map {
      String($0.prefix { $0 != "<" })
    }
  }

  private static let ids = ["layer1-head1", "layer1-head2", "layer2-head1", "layer2-head2"]
    .map { "text1-" + $0 }

  @Test(arguments: kinds)
  func everyMechanismCanBeLookedAt(kind: String) throws {
    let run = "listops-\(kind)-s0"
    let page = try page(run, example: 3)
    // Nothing beside the page, nothing that runs.
    for word in ["<script", "http:", "https:", "src='/", "@import", "onload"] {
      #expect(!page.contains(word), "\(word)")
    }
    // Every reference leads somewhere, and every id is there once.
    let ids = page.matches(of: /\sid='([^']+)'/).map { String($0.1) }
    #expect(Set(ids).count == ids.count)
    let targets = page.matches(of: /(?:href='#|url\(#)([^')]+)/).map { String($0.1) }
    #expect(Set(targets).subtracting(ids).isEmpty && targets.count >= 12)

    // The model on the page says of the example what the run's test said.
    let folder = try Self.trained.get()
    let log = try RunLog(reading: folder.url("results/look/\(run).h5").path)
    let test = try #require(log.test)
    guard case .classes(let predictions, let labels) = test.answers else { return }
    #expect(page.contains("The model says <b>\(predictions[3])</b>"))
    #expect(
      page.contains(
        predictions[3] == labels[3] ? ", which is right." : "right is <b>\(labels[3])</b>"))
    #expect(page.contains("parameters of step \(test.step), the best on dev"))

    for id in Self.ids {
      let weights = try image("\(id)-weights", in: page)
      let edges = try image("\(id)-edges", in: page)
      #expect(weights.width == weights.height && weights.width <= 48)
      #expect((edges.width, edges.height) == (weights.width, weights.height))
      let count = edges.pixels.count { $0 != 0 }
      let density = 100 * Double(count) / Double(edges.pixels.count)
      #expect(try numbers(id, in: page)[0] == String(format: "%.2f", density))
      let sums = try numbers(id, in: page)[5]
      if !["linear", "linformer", "nystrom", "sbm"].contains(kind) { #expect(sums == "1.00") }
    }
  }

  @Test func aWindowIsDrawnPixelByPixel() throws {
    let page = try page("results/look/listops-window-s0.h5", example: 0)
    let edges = try image("text1-layer2-head1-edges", in: page)
    let weights = try image("text1-layer2-head1-weights", in: page)
    for query in 0..<edges.height {
      for key in 0..<edges.width {
        let place = query * edges.width + key
        #expect(edges.pixels[place] == (abs(query - key) <= 3 ? 255 : 0))
        #expect((weights.pixels[place] > 0) == (abs(query - key) <= 3))
      }
    }
  }

  @Test func graphsAndTheirBlockModelsAreDrawn() throws {
    let first = try page("listops-sbm-s0", example: 5)
    #expect(try page("listops-sbm-s0", example: 5) == first)
    var graphs: Set<[UInt8]> = []
    for id in Self.ids {
      let edges = try image("\(id)-edges", in: first)
      let weights = try image("\(id)-weights", in: first)
      for (weight, edge) in zip(weights.pixels, edges.pixels) where edge == 0 {
        #expect(weight == 0)
      }
      #expect(edges.pixels.contains(0) && edges.pixels.contains(255))
      graphs.insert(edges.pixels)
      let (n, clusters) = (edges.width, 8)
      for (part, width, height) in [
        ("s", clusters, clusters), ("keys", n, clusters), ("queries", clusters, n), ("p", n, n),
      ] {
        let map = try image("\(id)-\(part)", in: first)
        #expect((map.width, map.height) == (width, height), "\(part)")
        #expect(Set(map.pixels).count > 4, "\(part)")
      }
    }
    #expect(graphs.count == 4)
    let other = try page("listops-sbm-s0", example: 6)
    #expect(try image("text1-layer1-head1-edges", in: other).pixels != graphs.first)
  }

  @Test func layersAndHeadsCanBeChosen() throws {
    let page = try page(
      "listops-sbm-s0", example: 1, "--layer", "2", "--head", "1", "--split", "dev")
    #expect(page.contains("dev example 1"))
    let found = Self.ids.filter { page.contains("<section id='\($0)'>") }
    #expect(found == ["text1-layer2-head1"])
  }

  @Test func withoutAnEvaluationTheLastParametersAreShown() throws {
    let page = try page("listops-broken-s0", example: 0)
    #expect(page.contains(", the last saved (dev was not evaluated yet)"))
  }

  @Test func theDefaultPageLiesBesideTheLog() throws {
    let result = try inspect("listops-none-s0")
    #expect(result.exitCode == 0 && result.output == "results/look/listops-none-s0-test-0.html\n")
    let folder = try Self.trained.get()
    #expect(
      FileManager.default.fileExists(
        atPath: folder.url("results/look/listops-none-s0-test-0.html").path))
  }

  @Test func mistakesAreExplained() throws {
    let folder = try Self.trained.get()
    let logs = folder.url("results/look")
    try Data(contentsOf: logs.appendingPathComponent("listops-none-s0.h5"))
      .write(to: folder.url("alone.h5"))
    try folder.write("no log", to: "text.h5")
    for (arguments, code, message) in [
      ([], 64, "Missing expected argument '<run>'"),
      (
        ["listops-sbm-s0", "--example", "21"], 64,
        "test split of this run has 21, numbered from 0 to 20"
      ),
      (["listops-sbm-s0", "--example", "-1"], 64, "It cannot be negative."),
      (["listops-sbm-s0", "--layer", "3"], 64, "There is no layer 3: the model has 2 layers"),
      (["listops-sbm-s0", "--head", "9"], 64, "There is no head 9: the model has 2 heads"),
      (
        ["listops-smb-s0"], 64,
        "'listops-smb-s0' is neither a file nor a run below results. Did you mean 'listops-sbm-s0'?"
      ),
      (["results/look"], 64, "results/look is a folder"),
      (["results/look/nothing.h5"], 74, "results/look/nothing.h5: there is no such run log"),
      (["alone.h5"], 65, "there is no checkpoint beside it (alone.checkpoint.h5)"),
      (["text.h5"], 65, "text.h5"),
      (["results/look/listops-sbm-s0.checkpoint.h5"], 65, "this is no run log"),
      (["listops-sbm-s0", "--out", "text.h5/page.html"], 74, "text.h5"),
    ] as [([String], Int32, String)] {
      let result = try TestProgram.run(
        TestProgram.sbm, ["inspect"] + arguments, in: folder.url,
        environment: ["SBM_DATA": folder.url("data").path])
      #expect(result.exitCode == code, "\(arguments): \(result.errors)")
      #expect(result.errors.contains(message), "\(arguments): \(result.errors)")
      #expect(result.output.isEmpty)
    }
  }
}
