import Diagnostics
import Randomness
import Settings

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
  public var options: [String: SettingValue]
  /// The source of the initial parameters.
  public var stream: RandomStream
  /// Parameters that the model's layers have in common.
  public var shared: SharedParameters

  /// Sizes, options and the stream of one block's mechanism.
  public init(
    kind: String, heads: Int, headDim: Int, dim: Int, maximumLength: Int, dropout: Double,
    options: [String: SettingValue] = [:], stream: RandomStream,
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

extension AttentionConfiguration {
  /// The value of an option, its default where none is given.
  ///
  /// - Throws: ``AttentionError`` for a value that it does not take.
  public subscript<Value>(_ option: Option<Value>) -> Value {
    get throws {
      do {
        return try option.value(in: options)
      } catch let problem as OptionProblem {
        throw AttentionError.option(kind: kind, name: problem.option, problem: problem.problem)
      }
    }
  }

  /// Makes sure that the options are those of `mechanism`, and go together with each other and the length.
  ///
  /// - Throws: ``AttentionError``.
  func check(_ mechanism: any AttentionMechanism.Type) throws {
    let known = mechanism.options.map(\.name)
    if let name = options.keys.sorted().first(where: { !known.contains($0) }) {
      throw AttentionError.option(
        kind: kind, name: name,
        problem: known.isEmpty ? "there are no options" : "expected \(known.quotedAlternatives())")
    }
    do {
      try mechanism.check(options, paddedLength: maximumLength)
    } catch let problem as OptionProblem {
      throw AttentionError.option(kind: kind, name: problem.option, problem: problem.problem)
    }
  }
}

/// Why a mechanism cannot be built.
public enum AttentionError: ExitCodeProviding, CustomStringConvertible, Equatable {
  /// No mechanism has this name.
  case unknownKind(String, known: [String])
  /// An option has a wrong type or value.
  case option(kind: String, name: String, problem: String)

  /// Bad input: the experiment asks for what the mechanism cannot do.
  public var exitCode: ExitCode { .badInput }

  /// What is wrong and what would be right.
  public var description: String {
    switch self {
    case .unknownKind(let kind, let known):
      "unknown attention kind '\(kind)'; known: \(known.joined(separator: ", "))"
    case .option(let kind, let name, let problem):
      "attention \(kind), option '\(name)': \(problem)"
    }
  }
}
