import Settings
import Synchronization

/// The zoo: every mechanism by its name in experiment files.
public enum AttentionRegistry {
  /// The mechanisms of this package, in the order of the paper's tables.
  private static let zoo: [any AttentionMechanism.Type] = [
    SoftmaxAttention.self, LinearAttention.self, ReformerAttention.self, PerformerAttention.self,
    LinformerAttention.self, NystromAttention.self, SBMAttention.self,
    PatternAttention<WindowPattern>.self, PatternAttention<StridedPattern>.self,
    PatternAttention<LongformerPattern>.self, PatternAttention<BigBirdPattern>.self,
    NoAttention.self,
  ]

  private static let added = Mutex<[any AttentionMechanism.Type]>([])

  /// All mechanisms: those of this package, then those added.
  public static var mechanisms: [any AttentionMechanism.Type] {
    zoo + added.withLock { $0 }
  }

  /// Adds a mechanism of a program that brings its own; to be called before anything else is done.
  ///
  /// - Precondition: there is none of its name.
  public static func add(_ mechanism: any AttentionMechanism.Type) {
    precondition(!kinds.contains(mechanism.kind), "there are two mechanisms '\(mechanism.kind)'")
    added.withLock { $0.append(mechanism) }
  }

  /// The names of all mechanisms.
  public static var kinds: [String] { mechanisms.map { $0.kind } }

  /// What settings know of all mechanisms.
  public static var declarations: [MechanismDeclaration] { mechanisms.map { $0.declaration } }

  /// The mechanism of that name.
  public static func type(of kind: String) throws -> any AttentionMechanism.Type {
    guard let found = mechanisms.first(where: { $0.kind == kind }) else {
      throw AttentionError.unknownKind(kind, known: kinds)
    }
    return found
  }

  /// Builds a mechanism.
  ///
  /// - Throws: ``AttentionError`` when sizes or options do not fit together.
  static func make(
    _ configuration: AttentionConfiguration, _ type: any AttentionMechanism.Type
  ) throws -> any AttentionMechanism {
    try configuration.check(type)
    return try type.init(configuration)
  }
}
