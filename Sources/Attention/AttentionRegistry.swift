/// The zoo: every mechanism by its name in experiment files.
public enum AttentionRegistry {
  /// All mechanisms, in the order of the paper's tables.
  public static let mechanisms: [any AttentionMechanism.Type] = [
    SoftmaxAttention.self, LinearAttention.self, ReformerAttention.self, PerformerAttention.self,
    LinformerAttention.self, NystromAttention.self, SBMAttention.self,
    PatternAttention<WindowPattern>.self, PatternAttention<StridedPattern>.self,
    PatternAttention<LongformerPattern>.self, PatternAttention<BigBirdPattern>.self,
    NoAttention.self,
  ]

  /// The names of all mechanisms.
  public static var kinds: [String] { mechanisms.map { $0.kind } }

  /// The mechanism of that name.
  public static func type(of kind: String) throws -> any AttentionMechanism.Type {
    guard let found = mechanisms.first(where: { $0.kind == kind }) else {
      throw AttentionError.unknownKind(kind, known: kinds)
    }
    return found
  }

  /// Builds the mechanism that `configuration` names.
  public static func make(_ configuration: AttentionConfiguration) throws
    -> any AttentionMechanism
  {
    try type(of: configuration.kind).init(configuration)
  }
}
