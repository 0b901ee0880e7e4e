import Diagnostics
import Randomness

/// The sizes and options from which a mechanism is built.
public struct AttentionConfiguration: Sendable {
  /// The mechanism's name.
  public var kind: String
  /// Attention heads.
  public var heads: Int
  /// Features of a head.
  public var headDim: Int
  /// Features of the hidden states.
  public var dim: Int
  /// The longest input, padding included.
  public var maximumLength: Int
  /// The probability with which an attention weight is dropped in training.
  public var dropout: Double
  /// Options of the mechanism by name; those not given take the mechanism's default.
  public var options: [String: AttentionOption]
  /// The source of the initial parameters.
  public var stream: RandomStream
  /// Parameters that the model's layers have in common.
  public var shared: SharedParameters

  /// Sizes, options and the stream of one block's mechanism.
  public init(
    kind: String, heads: Int, headDim: Int, dim: Int, maximumLength: Int, dropout: Double,
    options: [String: AttentionOption] = [:], stream: RandomStream,
    shared: SharedParameters = SharedParameters()
  ) {
    self.kind = kind
    self.heads = heads
    self.headDim = headDim
    self.dim = dim
    self.maximumLength = maximumLength
    self.dropout = dropout
    self.options = options
    self.stream = stream
    self.shared = shared
  }
}

/// The value of a mechanism's option.
public enum AttentionOption: Sendable, Equatable {
  case integer(Int)
  case number(Double)
  case text(String)
  case flag(Bool)
}

extension AttentionConfiguration {
  /// The integer option `name` within `range`.
  public func integer(_ name: String, default fallback: Int, in range: ClosedRange<Int>) throws
    -> Int
  {
    guard let option = options[name] else { return fallback }
    guard case .integer(let value) = option, range.contains(value) else {
      throw AttentionError.option(
        kind: kind, name: name, problem: "expected an integer in \(range), got \(option)")
    }
    return value
  }

  /// The number option `name`.
  public func number(_ name: String, default fallback: Double) throws -> Double {
    switch options[name] {
    case nil: return fallback
    case .number(let value): return value
    case .integer(let value): return Double(value)
    case .some(let option):
      throw AttentionError.option(
        kind: kind, name: name, problem: "expected a number, got \(option)")
    }
  }

  /// The yes-or-no option `name`.
  public func flag(_ name: String, default fallback: Bool) throws -> Bool {
    guard let option = options[name] else { return fallback }
    guard case .flag(let value) = option else {
      throw AttentionError.option(
        kind: kind, name: name, problem: "expected true or false, got \(option)")
    }
    return value
  }

  /// The option `name`, one of the cases of `Choice`.
  public func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, default fallback: Choice
  ) throws -> Choice where Choice.RawValue == String {
    guard let option = options[name] else { return fallback }
    guard case .text(let text) = option, let value = Choice(rawValue: text) else {
      let all = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw AttentionError.option(
        kind: kind, name: name, problem: "expected one of \(all), got \(option)")
    }
    return value
  }
}

/// Why a mechanism cannot be built.
public enum AttentionError: ExitCodeProviding, CustomStringConvertible, Equatable {
  /// No mechanism has this name.
  case unknownKind(String, known: [String])
  /// An option has a wrong type or value.
  case option(kind: String, name: String, problem: String)
  /// A length the method cannot handle.
  case length(kind: String, length: Int, problem: String)

  /// Bad input: the experiment asks for what the mechanism cannot do.
  public var exitCode: ExitCode { .badInput }

  /// What is wrong and what would be right.
  public var description: String {
    switch self {
    case .unknownKind(let kind, let known):
      "unknown attention kind '\(kind)'; known: \(known.joined(separator: ", "))"
    case .option(let kind, let name, let problem):
      "attention \(kind), option '\(name)': \(problem)"
    case .length(let kind, let length, let problem):
      "attention \(kind) cannot take length \(length): \(problem)"
    }
  }
}
