// The readers of everything that comes from elsewhere, under libFuzzer: `make fuzz`.
//
// A reader may refuse its input with an error; it must not trap, hang, or take the memory. The environment
// variable SBM_FUZZ_READER names the reader; the other arguments are libFuzzer's.
import DataFiles
import Datasets
import Experiments
import Foundation
import HDF5
import RunLog
import Tokenization

/// A folder that looks like a data root, and one file in it that the fuzzer writes.
enum Scratch {
  static let root: URL = {
    let root = FileManager.default.temporaryDirectory
      .appendingPathComponent("sbm-fuzz-\(getpid())", isDirectory: true)
    let pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "##a", "##b", "é", "."]
    put(Array(pieces.joined(separator: "\n").utf8), at: "bert-vocab/vocab.txt", below: root)
    return root
  }()

  static var data: DataRoot { .standard(root: root.path, cache: root.path + "/cache") }

  static func put(_ bytes: [UInt8], at path: String, below root: URL = root) {
    let url = root.appendingPathComponent(path)
    try? FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    do {
      try Data(bytes).write(to: url)
    } catch {
      fatalError("\(url.path): \(error)")
    }
  }

  static func url(_ path: String) -> URL { root.appendingPathComponent(path) }
}

/// Reads every example of a source's train split.
func readAll(_ source: some DatasetSource) throws {
  try source.forEachExample(of: .train) { _ in }
}

/// The tasks without mechanisms, which need libtorch.
let schema = Schema(tasks: DatasetEntry.all.map(\.task), mechanisms: [])

nonisolated(unsafe) let readers: [String: ([UInt8]) throws -> Void] = [
  "yaml": {
    _ = try Experiment.parse(
      String(decoding: $0, as: UTF8.self), file: "fuzz.yaml", .init(schema: schema))
  },
  "listops": {
    Scratch.put($0, at: "listops/basic_train.tsv")
    try readAll(ListOps(Scratch.data))
  },
  "glue": {
    Scratch.put($0, at: "glue/CoLA/train.tsv")
    try readAll(GLUE("cola", Scratch.data))
  },
  "retrieval": {
    Scratch.put($0, at: "retrieval/new_aan_pairs.train.tsv")
    try readAll(Retrieval(Scratch.data))
  },
  "png": { _ = try GrayImage(png: $0, file: "fuzz.png") },
  "cifar": {
    for batch in 1...5 { Scratch.put($0, at: "cifar-10-batches-bin/data_batch_\(batch).bin") }
    try readAll(CIFAR(Scratch.data))
  },
  "archive": {
    Scratch.put($0, at: "archive")
    try Archive(Scratch.url("archive")).visit { entry in
      while try entry.read() != nil {}
      return .next
    }
  },
  "vocabulary": { bytes in
    let tokenizer = WordPieceTokenizer(try WordPieceVocabulary(bytes: bytes))
    var ids: [Int32] = []
    tokenizer.makeEncoder().appendPieces(of: bytes, to: &ids)
  },
  "wordpiece": { bytes in
    let vocabulary = try Data(contentsOf: Scratch.url("bert-vocab/vocab.txt"))
    var ids: [Int32] = []
    WordPieceTokenizer(try WordPieceVocabulary(bytes: vocabulary)).makeEncoder()
      .appendPieces(of: bytes, to: &ids)
  },
  "log": {
    Scratch.put($0, at: "log.h5")
    let log = try RunLog(reading: Scratch.url("log.h5").path)
    precondition(log.differences(from: log) == [], "a log differs from itself")
  },
  "checkpoint": {
    Scratch.put($0, at: "checkpoint.h5")
    let file = try HDF5File(reading: Scratch.url("checkpoint.h5").path)
    for group in try file.children() where try file.isGroup(group) {
      for name in try file.group(group).children() {
        _ = try file.group(group).dataset(name).read(as: Float.self)
      }
    }
  },
]

nonisolated(unsafe) private var read: ([UInt8]) throws -> Void = { _ in }

/// Called once before the first input. `main` is libFuzzer's: its sanitizer brings it.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
  _ count: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> Int32 {
  signal(SIGPIPE, SIG_IGN)
  if count.pointee == 2, let argument = arguments.pointee[1],
    String(cString: argument) == IsolatedReader.marker
  {
    IsolatedReader.serve()
    exit(0)
  }
  IsolatedReader.start(program: "/proc/self/exe")

  let name = ProcessInfo.processInfo.environment["SBM_FUZZ_READER"] ?? ""
  guard let reader = readers[name] else {
    print(
      "SBM_FUZZ_READER=\(name): expected one of \(readers.keys.sorted().joined(separator: " "))")
    exit(64)
  }
  read = reader
  return 0
}

/// Called for each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
  try? read(Array(UnsafeBufferPointer(start: bytes, count: count)))
  return 0
}
