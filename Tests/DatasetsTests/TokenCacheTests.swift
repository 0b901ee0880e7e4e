import Checksums
import DataFiles
import Datasets
import Foundation
import HDF5
import Randomness
import Synchronization
import Tasks
import TestSupport
import Testing

/// Random examples of any shape, as a source whose reads are counted.
final class RandomSource: DatasetSource {
  let task: TaskSpecification
  let setting: String
  let seed: UInt64
  let failAfter: Int?
  private let counts = Mutex<[Split: Int]>([:])

  /// How many examples of each split have been delivered.
  var delivered: [Split: Int] { counts.withLock { $0 } }

  init(
    output: TaskSpecification.Output = .classes(3), vocabulary: Int = 200, pair: Bool = false,
    types: Int = 0, setting: String = "a", seed: UInt64 = 1, failAfter: Int? = nil
  ) {
    task = TaskSpecification(
      name: "random", summary: "", input: pair ? .pair : .sequence, output: output,
      vocabularySize: vocabulary, maximumLength: 40, paddedLength: 48, typeCount: types,
      expectedCounts: [.init(.train, 120), .init(.dev, 30), .init(.test, 7)])
    self.setting = setting
    self.seed = seed
    self.failAfter = failAfter
  }

  func fingerprint() -> SourceFingerprint {
    SourceFingerprint(files: [], settings: ["setting": setting, "seed": "\(seed)"])
  }

  func examples(_ split: Split) -> [Example] {
    (0..<(task.expectedCount(split) ?? 0)).map { index in
      var random = RandomStream(seed: seed).child(split.rawValue).child(index).generator()
      func text() -> [UInt16] {
        (0..<random.below(41)).map { _ in UInt16(random.below(task.vocabularySize)) }
      }
      let tokens = text()
      let label: Example.Label
      switch task.output {
      case .classes(let count): label = .classIndex(Int32(random.below(count)))
      case .regression: label = .value(Float(random.nextUnit()))
      case .tokenClasses(let count):
        label = .tokenClasses(
          tokens.map { _ in
            random.below(9) == 0 ? Example.ignoredLabel : Int32(random.below(count))
          })
      case .vocabulary: label = .none
      }
      return Example(
        tokens: tokens, secondTokens: task.input == .pair ? text() : nil,
        typeIDs: task.typeCount > 0
          ? tokens.map { _ in UInt8(random.below(task.typeCount)) } : nil,
        label: label)
    }
  }

  func forEachExample(of split: Split, _ body: (Example) throws -> Void) throws {
    for (index, example) in examples(split).enumerated() {
      if split == .dev, index == failAfter {
        throw DataError(.malformed, file: "dev", place: .line(index), problem: "on purpose")
      }
      try body(example)
      counts.withLock { $0[split, default: 0] += 1 }
    }
  }
}

@Suite("Token cache")
struct TokenCacheTests {
  let folder: TemporaryFolder
  let data: DataRoot

  init() throws {
    folder = try TemporaryFolder()
    data = DataRoot(folder.url)
  }

  @Test(
    "Examples come back as they went in, from memory and from the file",
    arguments: [
      (TaskSpecification.Output.classes(3), 200, false, 0), (.classes(2), 60_000, true, 0),
      (.regression, 257, false, 2), (.tokenClasses(4), 300, false, 0),
      (.vocabulary, 30_522, false, 2),
    ])
  func roundTrip(
    output: TaskSpecification.Output, vocabulary: Int, pair: Bool, types: Int
  ) throws {
    let source = RandomSource(output: output, vocabulary: vocabulary, pair: pair, types: types)
    let cache = try TokenCache.prepare(source, in: data)
    for split in source.task.splits {
      let expected = source.examples(split)
      for residentBytes in [1 << 20, 0] {
        let store = try cache.split(split, residentBytes: residentBytes)
        #expect(store.count == expected.count)
        let order = Array(0..<store.count).reversed() + [0, 3]
        #expect(try store.examples(at: order) == order.map { expected[$0] })
        #expect((0..<store.count).allSatisfy { store.lengths(of: $0) == expected[$0].lengths })
      }
    }
    #expect(throws: DataError.self) { try cache.split(.testMismatched) }
  }

  @Test("The digest of a split tells its examples, their labels and their order from all others")
  func digests() throws {
    func digest(
      _ source: RandomSource, _ split: Split = .train, _ places: [Int] = Array(0..<30)
    ) throws -> String {
      try TokenCache.prepare(source, in: data).split(split).digest(of: places)
    }
    let pairs = { (setting: String) in RandomSource(pair: true, types: 2, setting: setting) }
    let first = try digest(pairs("a"))
    #expect(first.count == 32)
    #expect(try digest(pairs("b")) == first)
    // The same tokens under other labels, another seed, split, order and number of examples.
    let others = [
      try digest(RandomSource(output: .regression, pair: true, types: 2, setting: "values")),
      try digest(RandomSource(pair: true, setting: "no types")),
      try digest(RandomSource(types: 2, setting: "no pairs")),
      try digest(RandomSource(pair: true, types: 2, seed: 2)), try digest(pairs("a"), .dev),
      try digest(pairs("a"), .train, [1, 0] + Array(2..<30)),
      try digest(pairs("a"), .train, Array(0..<29)),
    ]
    #expect(Set(others + [first]).count == 8)
    #expect(try digest(pairs("a"), .train, []) == "d41d8cd98f00b204e9800998ecf8427e")
  }

  @Test("Digests are MD5 sums that others can compute")
  func digestByHand() throws {
    let source = RandomSource()
    var sum = Checksum(.md5)
    for example in source.examples(.test) {
      guard case .classIndex(let label) = example.label else { continue }
      var bytes = withUnsafeBytes(of: UInt32(example.tokens.count).littleEndian) { Array($0) }
      for token in example.tokens { bytes += [UInt8(token & 255), UInt8(token >> 8)] }
      var one = Checksum(.md5)
      one.update(bytes + [UInt8(label), 0, 0, 0])
      let digits = Array(one.hexDigest().prefix(16))
      sum.update((0..<8).map { UInt8(String(digits[2 * $0..<2 * $0 + 2]), radix: 16) ?? 0 })
    }
    let store = try TokenCache.prepare(source, in: data).split(.test)
    #expect(try store.digest(of: 0..<store.count) == sum.hexDigest())
  }

  @Test("A cache that fits is used as it is")
  func reuse() throws {
    _ = try TokenCache.prepare(RandomSource(), in: data)
    let again = RandomSource()
    _ = try TokenCache.prepare(again, in: data)
    #expect(again.delivered.isEmpty)
    #expect(try TokenCache.status(again, data) == .ready)
    let names = try FileManager.default.contentsOfDirectory(atPath: data.cache.path)
    let name = try TokenCache.url(again, data).lastPathComponent
    #expect(names.sorted() == [name, "\(name).lock"])
  }

  @Test("Other settings have a cache of their own")
  func settings() throws {
    #expect(try TokenCache.status(RandomSource(), data) == .absent)
    _ = try TokenCache.prepare(RandomSource(), in: data)
    let other = RandomSource(setting: "b", seed: 2)
    #expect(try TokenCache.status(other, data) == .absent)
    let cache = try TokenCache.prepare(other, in: data)
    #expect(
      try cache.split(.test).examples(at: Array(0..<7)) == other.examples(.test))
    let again = RandomSource()
    _ = try TokenCache.prepare(again, in: data)
    #expect(again.delivered.isEmpty)
  }

  @Test("A file that changes makes the cache stale; a generated one keeps its number of rows")
  func changedFile() throws {
    try ListOps.ensureGenerated(root: data, counts: .init(train: 5, dev: 2, test: 2))
    let source = try ListOps(data)
    _ = try TokenCache.prepare(source, in: data)
    let url = source.url(.dev)
    try Data("Source\tTarget\r\n7\t7\r\n8\t8\r\n".utf8).write(to: url)
    #expect(
      try TokenCache.status(source, data) == .stale("listops/basic_val.tsv has changed"))
    let dev = try TokenCache.prepare(source, in: data).split(.dev)
    #expect(try dev.examples(at: [0])[0].label == .classIndex(7))

    try Data("Source\tTarget\r\n7\t7\r\n".utf8).write(to: url)
    let error = #expect(throws: DataError.self) { try TokenCache.prepare(source, in: data) }
    #expect(error?.kind == .incomplete && error?.place == .entry("dev"))
    #expect(error?.hint.contains("listops --replace --seed 0 --train 5 --dev 2 --test 2") == true)
  }

  @Test("A damaged or foreign file in the cache's place is replaced")
  func damaged() throws {
    let source = RandomSource()
    let url = try TokenCache.url(source, data)
    _ = try TokenCache.prepare(source, in: data)
    let whole = try Data(contentsOf: url)
    for content in [Data(), Data("not HDF5".utf8), whole.prefix(whole.count / 2)] {
      try content.write(to: url)
      guard case .damaged = try TokenCache.status(source, data) else {
        Issue.record("\(content.count) bytes pass for a cache")
        continue
      }
      #expect(try TokenCache.prepare(source, in: data).split(.train).count == 120)
    }
    try FileManager.default.removeItem(at: url)
    let foreign = try HDF5File(creating: url.path)
    try foreign.close()
    #expect(try TokenCache.status(source, data) == .damaged("it has no seal"))
  }

  /// Another program changed tokens, and sealed the file anew.
  @Test("Tokens that are not those of their digests make the cache anew")
  func altered() throws {
    let source = RandomSource()
    let url = try TokenCache.url(source, data)
    let digest = try TokenCache.prepare(source, in: data).split(.test).digest(of: 0..<7)
    let whole = try HDF5File(reading: url.path)
    try HDF5File.writeAtomically(to: url.path, sealed: true) { file in
      for name in try whole.attributeNames() where name != "sealed" {
        try file.setAttribute(name, whole.attribute(name, as: String.self))
      }
      for split in source.task.splits {
        let group = try whole.group(split.rawValue)
        let kind = try group.attribute("label_kind", as: String.self)
        try file.createGroup(split.rawValue).setAttribute("label_kind", kind)
        for name in try group.children() {
          let values = try group.read(name, as: UInt64.self)
          let path = "\(split.rawValue)/\(name)"
          if name == "tokens" {
            var tokens = values.map { UInt8($0) }
            if split == .test { tokens[3] ^= 1 }
            try file.write(path, tokens)
          } else {
            try file.write(path, values)
          }
        }
      }
    }
    let again = RandomSource()
    let cache = try TokenCache.prepare(again, in: data)
    #expect(again.delivered[.test] == 7)
    #expect(try cache.split(.test).digest(of: 0..<7) == digest)
  }

  @Test("Preparation that fails leaves no cache, and goes on where it was")
  func resume() throws {
    let failing = RandomSource(failAfter: 4)
    let error = #expect(throws: DataError.self) { try TokenCache.prepare(failing, in: data) }
    #expect(error?.place == .line(4))
    #expect(try TokenCache.status(failing, data) == .absent)

    let working = RandomSource()
    let heard = Mutex<[DataProgress]>([])
    let cache = try TokenCache.prepare(working, in: data) { progress in
      heard.withLock { $0.append(progress) }
    }
    // The train split was whole before the failure.
    #expect(working.delivered == [.dev: 30, .test: 7])
    let last = heard.withLock { $0.last }
    #expect(last == DataProgress(phase: "random test", done: 7, total: 7))
    for split in working.task.splits {
      let store = try cache.split(split)
      #expect(try store.examples(at: Array(0..<store.count)) == working.examples(split))
    }
  }

  @Test("Parts of other settings are not taken up")
  func foreignPart() throws {
    #expect(throws: DataError.self) {
      try TokenCache.prepare(RandomSource(seed: 5, failAfter: 0), in: data)
    }
    let source = RandomSource(seed: 6)
    let cache = try TokenCache.prepare(source, in: data)
    #expect(source.delivered[.train] == 120)
    #expect(try cache.split(.train).examples(at: [0, 1]) == Array(source.examples(.train)[..<2]))
  }

  @Test("Threads that prepare the same cache at once all get it, made once")
  func concurrent() async throws {
    let source = RandomSource()
    let data = data
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        group.addTask { try TokenCache.prepare(source, in: data).split(.train).count }
      }
      for try await count in group { #expect(count == 120) }
    }
    #expect(source.delivered[.train] == 120)
  }
}
