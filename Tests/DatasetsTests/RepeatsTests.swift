import DataFiles
import Datasets
import Foundation
import Tasks
import TestSupport
import Testing

@Suite("Repeated tokens")
struct RepeatsTests {
  @Test("A token's class says whether its number stands elsewhere")
  func classes() {
    #expect(Repeats.classes([5, 7, 5, 9, 7, 5, 1]) == [1, 1, 1, 0, 1, 1, 0])
    #expect(Repeats.classes([3]) == [0])
  }

  @Test("The published size: numbers from 1 to 256, 63.1 % of them repeated")
  func distribution() throws {
    var settings = Repeats.Settings()
    settings.train = 2000
    settings.seed = 7
    var counts = [Int](repeating: 0, count: 257)
    var repeated = 0
    try Repeats(settings).forEachExample(of: .train) { example in
      #expect(example.tokens.count == 256)
      for token in example.tokens { counts[Int(token)] += 1 }
      guard case .tokenClasses(let classes) = example.label else {
        Issue.record("labels are \(example.label)")
        return
      }
      #expect(classes == Repeats.classes(example.tokens))
      repeated += classes.count { $0 == 1 }
    }
    #expect(counts[0] == 0)
    // Each of 256 numbers: mean 2000, standard deviation 45.
    #expect(counts.dropFirst().allSatisfy { abs($0 - 2000) < 270 }, "seed 7: \(counts)")
    let share = Double(repeated) / Double(2000 * 256)
    #expect(abs(share - (1 - pow(255.0 / 256, 255))) < 0.003, "seed 7: \(share)")
  }

  @Test("Splits differ; a smaller split is the beginning of a larger one; settings are kept")
  func settings() throws {
    func examples(_ source: Repeats, _ split: Split) throws -> [Example] {
      var all: [Example] = []
      try source.forEachExample(of: split) { all.append($0) }
      return all
    }
    var settings = Repeats.Settings()
    (settings.train, settings.dev, settings.test) = (30, 20, 10)
    (settings.length, settings.values, settings.seed) = (12, 40, 3)
    let train = try examples(Repeats(settings), .train)
    #expect(train.count == 30 && Set(train).count == 30)
    #expect(train.allSatisfy { $0.tokens.count == 12 && $0.tokens.allSatisfy { 1...40 ~= $0 } })
    #expect(Set(train).isDisjoint(with: try examples(Repeats(settings), .dev)))
    var larger = settings
    larger.train = 50
    #expect(try examples(Repeats(larger), .train).starts(with: train))

    let folder = try TemporaryFolder()
    let data = DataRoot(folder.url)
    #expect(try Repeats(data).settings == Repeats.Settings())
    try Repeats.keep(settings, in: data)
    let kept = try Repeats(data)
    #expect(kept.settings == settings)
    #expect(kept.task.vocabularySize == 41 && kept.task.maximumLength == 12)
    #expect(kept.fingerprint() != Repeats(larger).fingerprint())
    // Kept settings are not replaced by the way; a run's seed does not pass them over.
    try Repeats.keep(settings, in: data)
    #expect(throws: DataError.self) { try Repeats.keep(larger, in: data) }
    #expect(try Repeats(data).settings == settings)
    #expect(try Repeats(data, options: SourceOptions(generatorSeed: 3)).settings == settings)
    let other = #expect(throws: DataError.self) {
      try Repeats(data, options: SourceOptions(generatorSeed: 4))
    }
    #expect(other?.hint.contains("Set data.seed to 3") == true)
    try Repeats.keep(larger, in: data, replacing: true)
    #expect(try Repeats(data).settings == larger)
    let free = try Repeats(DataRoot(TemporaryFolder().url), options: .init(generatorSeed: 4))
    #expect(free.settings.seed == 4)
    // Other lengths keep the paper's proportion: as many values as tokens.
    let short = try Repeats(DataRoot(TemporaryFolder().url), options: .init(maximumLength: 64))
    #expect(short.settings.length == 64 && short.settings.values == 64)
    for content in ["", "{}", "{\"length\":-1}", "[]"] {
      try folder.write("repeats/generated.json", content.utf8)
      #expect(throws: DataError.self) { try Repeats(data) }
    }
  }
}
