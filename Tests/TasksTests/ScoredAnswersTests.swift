import Randomness
import Tasks
import Testing

/// Standard errors, guessing and differences; expected numbers are NumPy's, from deleting each example in turn.
@Suite struct ScoredAnswersTests {
  private let predictions = (0..<200).map { Double($0 * 7919 % 100 < 75 ? 1 : 0) }
  private let labels = (0..<200).map { Double($0 * 104_729 % 90 < 60 ? 1 : 0) }
  private var answers: ScoredAnswers { ScoredAnswers(predictions: predictions, labels: labels) }

  private func isNear(_ value: Double?, _ expected: Double) -> Bool {
    value.map { abs($0 - expected) < 1e-9 } ?? false
  }

  @Test(arguments: [
    (Metric.accuracy, 0.57, 0.03509498954918347), (.f1, 0.6971830985915493, 0.031203608813748274),
    (.matthews, -0.0368354734341879, 0.07035194512785241),
  ])
  func classes(_ metric: Metric, _ value: Double, _ standardError: Double) {
    let estimate = metric.estimate(answers)
    #expect(isNear(estimate?.value, value) && isNear(estimate?.standardError, standardError))
  }

  @Test func numbers() {
    let x = (0..<150).map { Double($0 * 37 % 101) / 10 }
    let y = x.indices.map { x[$0] / 2 + Double($0 * 61 % 89) / 30 }
    let pearson = Metric.pearson.estimate(ScoredAnswers(predictions: x, labels: y))
    #expect(isNear(pearson?.value, 0.8592428811834537))
    #expect(isNear(pearson?.standardError, 0.016821626911286122))
    let spearman = Metric.spearman.estimate(ScoredAnswers(predictions: x, labels: y))
    #expect(isNear(spearman?.value, 0.8555754394390894))
    #expect(Metric.perplexity.estimate(answers) == nil)
  }

  /// Tokens of one sequence go together.
  @Test func examplesOfSeveralTargets() {
    let grouped = ScoredAnswers(
      predictions: predictions, labels: labels, examples: labels.indices.map { $0 / 4 })
    #expect(isNear(Metric.accuracy.estimate(grouped)?.standardError, 0.03428571428571431))
    #expect(grouped.exampleCount == 50)
  }

  @Test func guessing() {
    #expect(isNear(Metric.accuracy.guess(answers), 0.67))
    // MRPC's dev: 279 of 408 pairs say the same.
    let mrpc = (0..<408).map { Double($0 < 279 ? 1 : 0) }
    let always = ScoredAnswers(predictions: mrpc.map { _ in 1 }, labels: mrpc)
    #expect(isNear(Metric.f1.guess(always), 0.8122270742358079))
    for metric in [Metric.matthews, .pearson, .spearman] { #expect(metric.guess(answers) == 0) }
    let words = [3.0, 3, 1, 0, 1, 3, 3, 1]
    #expect(
      isNear(
        Metric.perplexity.guess(ScoredAnswers(predictions: words, labels: words)),
        2.649351128562104))
  }

  @Test func differencesArePaired() {
    let always = ScoredAnswers(predictions: labels.map { _ in 1 }, labels: labels)
    let difference = Metric.f1.difference(always, answers)
    #expect(isNear(difference?.value, -0.10521211098928906))
    #expect(isNear(difference?.standardError, 0.02533817988930553))
    #expect(Metric.accuracy.difference(answers, answers)?.standardError == 0)
  }

  // MARK: Verdicts

  /// Answers that are right for `right` of `count` examples of which `majority` are of class 1.
  private func answers(_ count: Int, majority: Int, right: Int) -> ScoredAnswers {
    let labels = (0..<count).map { Double($0 < majority ? 1 : 0) }
    // From the middle, where the classes meet.
    let start = (count - right) * majority / count
    return ScoredAnswers(
      predictions: labels.indices.map { start..<start + right ~= $0 ? labels[$0] : 1 - labels[$0] },
      labels: labels)
  }

  @Test func majorityIsNoLearning() {
    for metric in [Metric.accuracy, .f1, .matthews] {
      let always = answers(1000, majority: 633, right: 633)
      let constant = ScoredAnswers(
        predictions: always.labels.map { _ in 1 }, labels: always.labels)
      #expect(metric.isBetterThanGuessing(constant) == false)
    }
    // As many right as the majority has, but not by saying one thing.
    #expect(Metric.accuracy.isBetterThanGuessing(answers(1000, majority: 633, right: 633)) == false)
    #expect(Metric.accuracy.isBetterThanGuessing(answers(1000, majority: 633, right: 750)) == true)
    #expect(Metric.pearson.isBetterThanGuessing(answers(9, majority: 9, right: 9)) == false)
  }

  /// CoLA's dev (1,043 sentences, 721 of them right) at a Matthews correlation of 0.11: 3.6 standard errors.
  @Test func aSmallCorrelationOfMany() throws {
    let labels = (0..<1043).map { Double($0 < 721 ? 1 : 0) }
    let predictions = labels.indices.map { place -> Double in
      Double(place < 721 ? (place < 55 ? 0 : 1) : (place < 721 + 48 ? 0 : 1))
    }
    let cola = ScoredAnswers(predictions: predictions, labels: labels)
    let estimate = try #require(Metric.matthews.estimate(cola))
    #expect((0.10...0.13).contains(estimate.value))
    #expect(estimate.value > 3 * estimate.standardError)
    #expect(Metric.matthews.isBetterThanGuessing(cola) == true)
    // The same share of a tenth of the sentences could be chance.
    let few = ScoredAnswers(
      predictions: stride(from: 0, to: 1043, by: 10).map { predictions[$0] },
      labels: stride(from: 0, to: 1043, by: 10).map { labels[$0] })
    #expect(Metric.matthews.isBetterThanGuessing(few) == false)
  }

  /// Answers that follow the labels but are worse than saying the mean each time.
  @Test func numbersWorseThanTheMean() {
    let labels = (0..<300).map { Double($0 % 51) / 10 }
    let near = ScoredAnswers(predictions: labels.map { 0.2 * $0 + 2 }, labels: labels)
    #expect(Metric.pearson.isBetterThanGuessing(near) == true)
    let far = ScoredAnswers(predictions: labels.map { 0.2 * $0 + 7 }, labels: labels)
    #expect(Metric.pearson.isBetterThanGuessing(far) == false)
  }

  // MARK: Resampling

  @Test func resamplingAgreesWithTheJackknife() throws {
    var generator = RandomStream(seed: 1).generator()
    let always = ScoredAnswers(predictions: labels.map { _ in 1 }, labels: labels)
    let differences = try #require(
      Metric.f1.resampledDifferences([always], [answers], count: 2000, using: &generator))
    let mean = differences.reduce(0, +) / 2000
    let deviation = (differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 1999).squareRoot()
    #expect(abs(mean + 0.1052) < 0.003 && abs(deviation - 0.02534) < 0.003)
  }

  /// The answers to some examples stand in their order, whatever is left out.
  @Test func answersToSomeExamples() {
    let all = ScoredAnswers(
      predictions: [1, 2, 3, 4], labels: [1, 0, 3, 0], examples: [7, 7, 9, 11])
    #expect(
      all.of([11, 7])
        == ScoredAnswers(predictions: [1, 2, 4], labels: [1, 0, 0], examples: [7, 7, 11]))
  }

  /// Every resample made as answers of its own, with one side of several runs: the same to the last digit, with few
  /// kinds of examples and with many.
  @Test(arguments: [1, 2, 40]) func resamplesAreWhatTheySay(targets: Int) throws {
    let examples = 90
    let labels = (0..<examples * targets).map { Double($0 * $0 % 7 % 2) }
    func run(_ period: Int) -> ScoredAnswers {
      ScoredAnswers(
        predictions: labels.enumerated().map { $0 % period == 0 ? 1 - $1 : $1 }, labels: labels,
        examples: labels.indices.map { $0 / targets })
    }
    let (first, second) = ([run(5)], [run(3), run(7), run(11)])
    for metric in [Metric.accuracy, .f1, .matthews, .pearson] {
      var generator = Fixed(word: 12)
      let differences = try #require(
        metric.resampledDifferences(first, second, count: 20, using: &generator))
      var draws = SplitMix(state: 12)
      for difference in differences {
        let places = (0..<examples).map { _ in draws.next(below: examples) }
        func value(_ run: ScoredAnswers) throws -> Double {
          let targets = places.enumerated().flatMap { number, example in
            (0..<targets).map { (number: number, target: example * targets + $0) }
          }
          let resample = ScoredAnswers(
            predictions: targets.map { run.predictions[$0.target] },
            labels: targets.map { run.labels[$0.target] }, examples: targets.map(\.number))
          return try #require(metric.estimate(resample)?.value)
        }
        let mean = try second.map(value).reduce(0, +) / Double(second.count)
        let expected = try mean - value(first[0])
        // A correlation is of numbers less their mean, which is another in each resample.
        #expect(abs(difference - expected) <= (metric == .pearson ? 1e-12 : 0))
      }
    }
  }
}

/// Gives one word, and the same again.
private struct Fixed: RandomNumberGenerator {
  let word: UInt64

  mutating func next() -> UInt64 { word }
}

/// SplitMix64 as Steele, Lea and Flood (2014) have it.
private struct SplitMix {
  var state: UInt64

  mutating func next(below bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    word ^= word >> 31
    return Int(word.multipliedFullWidth(by: UInt64(bound)).high)
  }
}
