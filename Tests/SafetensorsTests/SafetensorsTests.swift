import Foundation
import Safetensors
import TestSupport
import Testing
import Torch

@Suite struct SafetensorsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func bytes(
    _ tensors: [String: Tensor], metadata: [String: String] = [:]
  ) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try SafetensorsFile.encode(tensors, metadata: metadata) { bytes += $0 }
    return bytes
  }

  private func file(_ bytes: [UInt8]) throws -> String {
    let url = folder.url("x.safetensors")
    try Data(bytes).write(to: url)
    return url.path
  }

  /// A file with that header.
  private func file(_ header: String, data: [UInt8]) throws -> String {
    let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
    return try file(length + Array(header.utf8) + data)
  }

  @Test func theBytesAreThoseOfTheFormat() throws {
    let bytes = try bytes(
      ["b": Tensor([1, -2] as [Float], shape: [2, 1]), "a": Tensor([0.5] as [Float], shape: [])],
      metadata: ["k": "v \"/é"])
    let header =
      #"{"__metadata__":{"k":"v \"/é"},"a":{"data_offsets":[0,4],"dtype":"F32","shape":[]},"#
      + #""b":{"data_offsets":[4,12],"dtype":"F32","shape":[2,1]}}"#
    let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    #expect(bytes.prefix(8) == [UInt8(padded.utf8.count), 0, 0, 0, 0, 0, 0, 0])
    #expect(String(decoding: bytes.dropFirst(8).prefix(padded.utf8.count), as: UTF8.self) == padded)
    #expect(
      Array(bytes.suffix(12)) == [0, 0, 0, 0x3F, 0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0])
    #expect(bytes.count == 8 + padded.utf8.count + 12)
  }

  @Test func whatIsWrittenIsRead() throws {
    let values = (0..<24).map { Float($0) * 0.37 - 4 }
    let read = try SafetensorsFile(
      reading: file(
        bytes(
          [
            "one/two": Tensor(values, shape: [2, 3, 4]),
            "none": Tensor([] as [Float], shape: [0, 3]),
          ], metadata: ["format": "pt"])))
    #expect(Set(read.tensors.keys) == ["one/two", "none"])
    #expect(read.tensors["one/two"]?.shape == [2, 3, 4])
    #expect(read.tensors["one/two"]?.array(of: Float.self) == values)
    #expect(read.tensors["none"]?.shape == [0, 3])
    #expect(read.metadata == ["format": "pt"])
  }

  @Test func otherTypesBecomeFloats() throws {
    // 1.5 as F64, F16 and BF16; -2 as F16.
    let path = try file(
      #"{"d":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"#
        + #""h":{"dtype":"F16","shape":[2],"data_offsets":[8,12]},"#
        + #""b":{"dtype":"BF16","shape":[1,1],"data_offsets":[12,14]}}"#,
      data: [0, 0, 0, 0, 0, 0, 0xF8, 0x3F, 0x00, 0x3E, 0x00, 0xC0, 0xC0, 0x3F])
    let tensors = try SafetensorsFile(reading: path).tensors
    #expect(tensors["d"]?.array(of: Float.self) == [1.5])
    #expect(tensors["h"]?.array(of: Float.self) == [1.5, -2])
    #expect(tensors["b"]?.array(of: Float.self) == [1.5])
  }

  @Test(arguments: [
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4, "contradict each other"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4, "contradict each other"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4, "contradict each other"),
    (
      #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#, 4,
      "contradict each other"
    ),
    (#"{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#, 8, "of type I64"),
    (#"{"a":{"shape":[1],"data_offsets":[0,4]}}"#, 4, "without dtype, shape or data_offsets"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 8, "4 bytes that belong to no"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8, "leave gaps"),
    (#"[1]"#, 0, "no JSON object"),
    (#"{"a""#, 0, "no JSON object"),
  ])
  func damageIsNamed(header: String, bytes: Int, message: String) throws {
    let path = try file(header, data: [UInt8](repeating: 0, count: bytes))
    let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(reading: path) }
    #expect(error?.problem.contains(message) == true, "\(error?.problem ?? "")")
    #expect(error?.exitCode == .badInput)
  }

  @Test func whatIsNoSuchFileIsSaidToBeNone() throws {
    for content in [[], [1, 2, 3], [255, 255, 255, 255, 255, 255, 255, 255, 0]] as [[UInt8]] {
      let path = try file(content)
      let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(reading: path) }
      #expect(error?.problem.contains("no safetensors file") == true)
    }
    let error = #expect(throws: SafetensorsError.self) {
      try SafetensorsFile(reading: folder.url("nothing").path)
    }
    #expect(error?.exitCode == .inputOutput)
  }
}
