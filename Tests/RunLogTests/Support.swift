import Foundation
import RunLog

/// A folder of its own for one test, removed with it.
final class Folder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/runlog-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }
}

/// A run with `steps` training rows, an evaluation every second step, and a test result.
func makeLog(steps: Int = 6, seconds: Double = 1, threads: Int = 2) -> RunLog {
  var log = RunLog(
    labels: .init(
      runID: "0123456789abcdef", experiment: "listops", variant: "sbm", task: "listops",
      model: "encoder", mechanism: "sbm", scale: "smoke", runProtocol: "published", seed: .max,
      steps: steps),
    environment: .init(
      created: "2026-01-02T03:04:05Z", codeVersion: "0.1", hardware: "2 cores",
      libraries: ["libtorch 2.13.0", "HDF5 1.10.8"]),
    configuration: "name: listops\nthreads: \(threads)\n",
    settings: [
      .init(
        key: "attention.clusters", value: "128", provenance: "published code", published: "128"),
      .init(
        key: "attention.estimator", value: "published", provenance: "published code",
        published: "published"),
      .init(key: "attention.gradient_scale", value: "1.0", provenance: "ours"),
      .init(
        key: "threads", value: "\(threads)", provenance: "ours", setBy: "--set",
        influencesResults: false),
    ],
    cost: .init(parameters: 12_345, flops: 1e9, millisecondsPerStep: 7.5, peakMemory: 1 << 30))
  log.data = [
    .init(split: "train", examples: 60, digest: "0cc175b9c0f1b6a831c399e269772661"),
    .init(split: "dev", examples: 10, digest: "92eb5ffee6ae2fec3ad71c777531578f"),
  ]
  for step in 1...steps {
    log.train.append(
      .init(
        step: step, loss: 2.3 / Double(step), metrics: ["accuracy": min(1, 0.1 * Double(step))],
        learningRate: 1e-4 * Double(step), density: 0.25, seconds: seconds * Double(step),
        examples: 32 * step))
    if step.isMultiple(of: 2) {
      log.dev.append(
        .init(
          step: step, loss: 2.4 / Double(step),
          metrics: ["accuracy": step == 4 ? 0.5 : 0.3], density: 0.2,
          seconds: seconds * Double(step), examples: 10))
      log.density.append([[0.1, 0.2], [0.3, Double(step) / 100]])
    }
  }
  log.beginStretch(afterStep: 0)
  log.status = .finished
  log.stepsDone = steps
  log.verdict = .learned
  log.test = .init(
    step: 4, loss: 2, metrics: ["accuracy": 0.5], density: 0.21,
    answers: .classes(predictions: [1, 2, 3, 4], labels: [1, 2, 0, 0]),
    exampleIndices: [0, 2, 3, 7])
  return log
}
