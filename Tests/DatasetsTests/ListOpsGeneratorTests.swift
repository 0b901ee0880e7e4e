import Datasets
import Foundation
import Testing
import Tokenization

/// The expressions that `generator` draws first.
func expressions(_ count: Int, _ generator: ListOpsGenerator) throws -> [ListOpsExpression] {
  var all: [ListOpsExpression] = []
  try generator.generate(count) { index, expression in
    #expect(index == all.count)
    all.append(expression)
  }
  return all
}

@Suite("ListOps generator")
struct ListOpsGeneratorTests {
  @Test("Lengths, depths and arguments are within the published bounds, and used up to them")
  func bounds() throws {
    let drawn = try expressions(1500, ListOpsGenerator(seed: 3))
    #expect(Set(drawn).count == drawn.count)
    var deepest = 0
    var arguments: [Int: Int] = [:]
    var operators: [UInt8: Int] = [:]
    for expression in drawn {
      #expect(expression.tokens.count > 500 && expression.tokens.count < 2000)
      var open: [Int] = []
      for token in expression.tokens {
        if token == ListOpsTokenizer.close {
          arguments[open.removeLast(), default: 0] += 1
          continue
        }
        if !open.isEmpty { open[open.count - 1] += 1 }
        deepest = max(deepest, open.count + 1)
        if ListOpsTokenizer.Operator(rawValue: token) != nil {
          open.append(0)
          operators[token, default: 0] += 1
        }
      }
    }
    #expect(deepest == 10)
    #expect(Set(arguments.keys) == Set(2...10))
    let total = Double(operators.values.reduce(0, +))
    for count in operators.values {
      // Four operators, all alike: 1/4 within five standard deviations.
      #expect(abs(Double(count) / total - 0.25) < 5 * (0.1875 / total).squareRoot())
    }
  }

  /// Moments computed by a separate Python program that draws from the definition with
  /// `random.random` (20,000 kept expressions; standard errors 2.9 for the mean length and
  /// 0.00005 for the share of values).
  @Test("Mean length and share of values agree with a separate implementation")
  func moments() throws {
    let drawn = try expressions(4000, ListOpsGenerator(seed: 11))
    let tokens = drawn.map(\.tokens.count).reduce(0, +)
    let mean = Double(tokens) / Double(drawn.count)
    #expect(abs(mean - 1032.2) < 35, "seed 11: mean length \(mean)")
    let values = drawn.map { $0.tokens.count { ListOpsTokenizer.value(of: $0) != nil } }
    let share = Double(values.reduce(0, +)) / Double(tokens)
    #expect(abs(share - 0.7154) < 0.002, "seed 11: share of values \(share)")
  }

  @Test("The share of attempts that are kept agrees with a separate implementation")
  func acceptance() throws {
    let generator = ListOpsGenerator(seed: 5)
    let kept = (0..<40_000).count { generator.attempt($0) != nil }
    #expect(abs(Double(kept) / 40_000 - 0.0833) < 0.005, "seed 5: kept \(kept)")
  }

  @Test("A seed gives one sequence; another seed another")
  func seeds() throws {
    let first = try expressions(300, ListOpsGenerator(seed: 1))
    #expect(try expressions(300, ListOpsGenerator(seed: 1)) == first)
    #expect(try expressions(100, ListOpsGenerator(seed: 1)) == Array(first.prefix(100)))
    #expect(try expressions(300, ListOpsGenerator(seed: 2)) != first)
  }

  @Test("The sequence is that of the attempts, one after another, without repetition")
  func order() throws {
    var generator = ListOpsGenerator(seed: 9)
    generator.shape.lengthAbove = 0
    generator.shape.lengthBelow = 6  // so short that many repeat
    var serial: [ListOpsExpression] = []
    var seen: Set<ListOpsExpression> = []
    var attempt = 0
    while serial.count < 500 {
      if let expression = generator.attempt(attempt), seen.insert(expression).inserted {
        serial.append(expression)
      }
      attempt += 1
    }
    #expect(try expressions(500, generator) == serial)
  }
}
