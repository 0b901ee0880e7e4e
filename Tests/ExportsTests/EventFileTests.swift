import Exports
import Foundation
import RunLog
import TestSupport
import Testing

@Suite struct EventFileTests {
  /// RFC 3720, appendix B.4, and the check value of the catalogue of CRC algorithms.
  @Test func checksumsAreThoseOfTheStandard() {
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.checksum(0..<32) == 0x46DD_794E)
    #expect(CRC32C.checksum("123456789".utf8) == 0xE306_9283)
  }

  /// The bytes that TensorFlow writes for the first record of every event file, at time 1.0.
  @Test func aFileBeginsWithItsVersion() {
    let bytes = EventFile(time: 1).bytes
    let event: [UInt8] =
      [0x09, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0x1A, 0x0D] + Array("brain.Event:2".utf8)
    #expect(Array(bytes[0..<8]) == [24, 0, 0, 0, 0, 0, 0, 0])
    // The masked check of that length, which every such file has.
    #expect(Array(bytes[8..<12]) == [0xA3, 0x7F, 0x4B, 0x22])
    #expect(Array(bytes[12..<36]) == event)
    #expect(bytes.count == 40)
  }

  @Test func aPointIsAnEventWithASummary() {
    var file = EventFile(time: 1)
    let start = file.bytes.count
    file.append(0.5, tag: "loss", step: 300, time: 2)
    let event: [UInt8] = [
      0x09, 0, 0, 0, 0, 0, 0, 0, 0x40,  // wall_time 2.0
      0x10, 0xAC, 0x02,  // step 300
      0x2A, 0x0D,  // summary
      0x0A, 0x0B, 0x0A, 0x04, 0x6C, 0x6F, 0x73, 0x73,  // value, tag "loss"
      0x15, 0, 0, 0, 0x3F,  // simple_value 0.5
    ]
    #expect(Array(file.bytes[start + 12..<file.bytes.count - 4]) == event)
  }

  @Test func curvesGoWhereTensorBoardLooksForThem() throws {
    var log = RunLog(
      labels: .init(
        runID: "x-s0", experiment: "x", task: "listops", model: "sbm", mechanism: "sbm",
        runProtocol: "strict", seed: 0, steps: 4),
      environment: .init(
        created: "2026-01-02T03:04:05Z", codeVersion: "1", hardware: "", libraries: []),
      configuration: "name: x\n", settings: [], cost: .init(parameters: 1))
    #expect(throws: ExportError.nothingLogged(run: "x-s0")) {
      try TensorBoardExport(log).write(to: FileManager.default.temporaryDirectory)
    }
    log.train.append(.init(step: 2, loss: 2.5, learningRate: 0.1, seconds: 3, examples: 8))
    #expect(TensorBoardExport(log).files.map(\.split) == ["train"])
    log.test = .init(
      step: 2, loss: 1, metrics: [:], answers: .classes(predictions: [1], labels: [1]))
    log.data = [.init(split: "dev", examples: 1, digest: "")]
    #expect(TensorBoardExport(log).files.map(\.split) == ["train", "dev-best"])
    log.data.append(.init(split: "test", examples: 1, digest: ""))
    #expect(TensorBoardExport(log).files.map(\.split) == ["train", "test"])
  }

  /// Of a run that was begun again nothing of before is left in its curves.
  @Test func aRunBegunAgainReplacesItsCurves() throws {
    let folder = try TemporaryFolder()
    func log(created: String) -> RunLog {
      var log = RunLog(
        labels: .init(
          runID: "x-s0", experiment: "x", task: "listops", model: "sbm", mechanism: "sbm",
          runProtocol: "strict", seed: 0, steps: 4),
        environment: .init(created: created, codeVersion: "1", hardware: "", libraries: []),
        configuration: "name: x\n", settings: [], cost: .init(parameters: 1))
      log.train.append(.init(step: 2, loss: 2.5, learningRate: 0.1, seconds: 3, examples: 8))
      return log
    }
    var first = log(created: "2026-01-02T03:04:05Z")
    first.dev.append(.init(step: 2, loss: 2.5, seconds: 3, examples: 8))
    try TensorBoardExport(first).write(to: folder.url)
    #expect(try folder.names("dev") == ["events.out.tfevents.1767323045.sbm"])
    try folder.write("another program's", to: "dev/events.out.tfevents.1.host")
    try TensorBoardExport(log(created: "2031-01-02T03:04:05Z")).write(to: folder.url)
    #expect(try folder.names("train") == ["events.out.tfevents.1925089445.sbm"])
    #expect(try folder.names("dev") == ["events.out.tfevents.1.host"])
  }
}

extension TemporaryFolder {
  fileprivate func names(_ path: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: url(path).path)
  }
}
