import Tokenization

/// A ListOps expression as token ids in the order they are written, parentheses left out.
public struct ListOpsExpression: Hashable, Sendable {
  /// Token ids of `ListOpsTokenizer`.
  public let tokens: [UInt8]

  /// The expression of these tokens, well formed or not.
  public init(tokens: [UInt8]) { self.tokens = tokens }

  /// Why tokens are not an expression.
  public struct Malformed: Error, Hashable, Sendable, CustomStringConvertible {
    /// The index of the token where it shows.
    public var token: Int
    /// What is wrong there.
    public var problem: String

    /// "token 7: …", counted from 0.
    public var description: String { "token \(token): \(problem)" }
  }

  /// The value: operators applied from the innermost out.
  ///
  /// MED is the integer part of the median (the mean of the two middle values when their number
  /// is even), SM the sum modulo 10, as in the Long Range Arena's generator.
  ///
  /// - Throws: ``Malformed`` when the tokens are not exactly one expression.
  public func value() throws -> Int {
    var open: [(symbol: ListOpsTokenizer.Operator, firstArgument: Int)] = []
    var arguments: [Int] = []
    for (index, token) in tokens.enumerated() {
      guard index == 0 || !open.isEmpty else {
        throw Malformed(token: index, problem: "the expression has ended before it")
      }
      if let value = ListOpsTokenizer.value(of: token) {
        arguments.append(value)
      } else if let symbol = ListOpsTokenizer.Operator(rawValue: token) {
        open.append((symbol, arguments.count))
      } else if token == ListOpsTokenizer.close, let last = open.popLast() {
        guard last.firstArgument < arguments.count else {
          throw Malformed(token: index, problem: "an operator has no arguments")
        }
        let value = Self.apply(last.symbol, arguments[last.firstArgument...])
        arguments.removeSubrange(last.firstArgument...)
        arguments.append(value)
      } else {
        throw Malformed(
          token: index,
          problem: token == ListOpsTokenizer.close
            ? "a `]` without its operator" : "\(token) is no token of ListOps")
      }
    }
    guard open.isEmpty else {
      throw Malformed(token: tokens.count, problem: "\(open.count) operators are not closed")
    }
    guard let value = arguments.first else {
      throw Malformed(token: 0, problem: "the expression is empty")
    }
    return value
  }

  private static func apply(
    _ symbol: ListOpsTokenizer.Operator, _ arguments: ArraySlice<Int>
  ) -> Int {
    switch symbol {
    case .minimum: return arguments.min()!
    case .maximum: return arguments.max()!
    case .sumModulo: return arguments.reduce(0, +) % 10
    case .median:
      let sorted = arguments.sorted()
      let middle = sorted.count / 2
      return sorted.count % 2 == 1
        ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
  }

  /// The published text: operators take their arguments one by one, each pair in parentheses,
  /// `( ( ( [MAX 3 ) 8 ) ] )`.
  ///
  /// - Precondition: the expression is well formed.
  public var text: [UInt8] {
    let arguments = argumentCounts()
    let isArgument = tokens.count > 1
    var text: [UInt8] = []
    text.reserveCapacity(tokens.count * 6)
    for (index, token) in tokens.enumerated() {
      if index > 0 { text.append(UInt8(ascii: " ")) }
      if ListOpsTokenizer.Operator(rawValue: token) != nil {
        for _ in 0...arguments[index] { text += "( ".utf8 }
        text += ListOpsTokenizer.symbols[Int(token)].utf8
      } else {
        text += ListOpsTokenizer.symbols[Int(token)].utf8
        if isArgument { text += " )".utf8 }
        // A `]` also ends an argument of the operator around its own, unless it ends the whole.
        if token == ListOpsTokenizer.close, index + 1 < tokens.count { text += " )".utf8 }
      }
    }
    return text
  }

  /// The number of arguments of the operator at each index; 0 elsewhere.
  private func argumentCounts() -> [Int] {
    var counts = [Int](repeating: 0, count: tokens.count)
    var open: [Int] = []
    for (index, token) in tokens.enumerated() {
      if token == ListOpsTokenizer.close {
        open.removeLast()
        continue
      }
      if let parent = open.last { counts[parent] += 1 }
      if ListOpsTokenizer.Operator(rawValue: token) != nil { open.append(index) }
    }
    return counts
  }
}
