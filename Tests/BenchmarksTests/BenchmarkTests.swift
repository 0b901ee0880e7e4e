import Benchmarks
import Foundation
import Testing

@Suite(.serialized) struct BenchmarkTests {
  /// The keys that the PyTorch yardstick prints, whatever the result.
  static let keys: Set<String> = [
    "kind", "length", "batch", "ms_per_sequence", "best_ms_per_sequence", "peak_rss_mb", "density",
  ]

  private func object(_ result: BenchmarkResult) throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: Data(result.json.utf8))
    return try #require(value as? [String: Any])
  }

  @Test(arguments: BenchmarkPoint.Measure.allCases, ["softmax", "sbm", "sbm-fastrg"])
  func pointsAreMeasured(measure: BenchmarkPoint.Measure, kind: String) throws {
    let result = try Benchmark.run(
      BenchmarkPoint(
        measure: measure, kind: kind, length: 128, batch: 2, density: 0.1, steps: 2, threads: 2))
    #expect(Set(try object(result).keys) == Self.keys)
    let (median, best) = try (
      #require(result.millisecondsPerSequence), #require(result.bestMillisecondsPerSequence)
    )
    #expect(best > 0 && best <= median)
    #expect(try #require(result.peakMemory) > 20)
    if kind == "softmax" {
      #expect(result.density == nil)
    } else {
      // The published bernoulli sampler adds 0.01.
      #expect(abs(try #require(result.density) - (kind == "sbm" ? 0.11 : 0.1)) < 0.03)
    }
  }

  /// The models of GLUE and masked LM, at sizes that are not theirs.
  @Test(arguments: [BenchmarkModel.glue, .mlm], ["softmax", "sbm"])
  func otherModelsAreMeasured(model: BenchmarkModel, kind: String) throws {
    var point = BenchmarkPoint(
      measure: .step, kind: kind, length: 16, batch: 2, density: 0.1, steps: 1, threads: 1)
    point.model = model
    let result = try Benchmark.run(point)
    #expect(Set(try object(result).keys) == Self.keys.union(["model"]))
    #expect(try object(result)["model"] as? String == model.rawValue)
    #expect(try #require(result.millisecondsPerSequence) > 0)
    // Embeddings of 30,522 pieces with 256 features, and AdamW's moments of them.
    #expect(try point.leastMemory() > 4 * 4 * 30_522 * 256)
  }

  /// A layer's training pass takes longer than its forward pass, and its line says what it is.
  @Test(arguments: ["softmax", "sbm-fastrg", "nystrom"])
  func layersTrainToo(kind: String) throws {
    func run(_ pass: BenchmarkPoint.Pass) throws -> BenchmarkResult {
      try Benchmark.run(
        BenchmarkPoint(
          measure: .attention, pass: pass, kind: kind, length: 512, batch: 2, steps: 5,
          threads: 1))
    }
    let (forward, training) = (try run(.forward), try run(.training))
    #expect(Set(try object(forward).keys) == Self.keys)
    #expect(Set(try object(training).keys) == Self.keys.union(["pass"]))
    #expect(try object(training)["pass"] as? String == "training")
    // Other tests share the machine: in turns, until both have had a quiet moment.
    var best = (forward: Double.infinity, training: Double.infinity)
    for _ in 0..<10 where best.training <= best.forward {
      best.forward = min(best.forward, try #require(run(.forward).bestMillisecondsPerSequence))
      best.training = min(best.training, try #require(run(.training).bestMillisecondsPerSequence))
    }
    #expect(best.training > best.forward)
    #expect((training.density == nil) == (kind != "sbm-fastrg"))
  }

  @Test func failuresAreResultsToo() throws {
    let point = BenchmarkPoint(measure: .step, kind: "softmax", length: 128, batch: 2)
    let result = BenchmarkResult(point, failure: "out of memory")
    let fields = try object(result)
    #expect(Set(fields.keys) == Self.keys.union(["error"]))
    #expect(fields["ms_per_sequence"] is NSNull)
    #expect(fields["density"] is NSNull)
    let sampled = BenchmarkPoint(
      measure: .attention, kind: "sbm", length: 128, batch: 2, density: 0.05)
    let lost = try object(BenchmarkResult(sampled, failure: "out of memory"))
    #expect(lost["density"] as? Double == 0.05)
    #expect(try JSONDecoder().decode(BenchmarkResult.self, from: Data(result.json.utf8)) == result)
  }

  /// A child that cannot get its memory is reported as such.
  @Test func childrenThatRunOutOfMemoryAreReported() throws {
    let point = BenchmarkPoint(measure: .step, kind: "softmax", length: 128, batch: 2)
    func child(_ script: String) throws -> BenchmarkResult {
      try ChildProcess.run(
        point, program: "/bin/sh", arguments: ["-c", script], memoryLimit: 100)
    }
    #expect(try child("kill -9 $$").failure == "out of memory")
    #expect(
      try child("echo 'Error: matmul: out of memory (x)' >&2; exit 1").failure == "out of memory")
    #expect(
      try child("echo 'Fatal error: failed to allocate 520 bytes of memory' >&2; kill -6 $$")
        .failure == "out of memory")
    #expect(try child("kill -11 $$").failure == "ended by signal 11")
    #expect(try child("echo 'Error: no such thing' >&2; exit 1").failure == "no such thing")
    #expect(try child("exit 3").failure == "ended with 3")
  }
}
