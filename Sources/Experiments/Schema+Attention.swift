import Settings

extension Schema {
  /// The mechanism and its options: of each name one row, with the mechanisms that have it.
  static func attention(_ mechanisms: [MechanismDeclaration]) -> [Setting] {
    var names: [String] = []
    var options: [String: [String: OptionDeclaration]] = [:]
    for mechanism in mechanisms {
      for option in mechanism.options {
        if options[option.name] == nil { names.append(option.name) }
        options[option.name, default: [:]][mechanism.kind] = option
      }
    }
    let kind = Setting(
      key: "attention.kind", help: "The attention mechanism.",
      kind: .choice(mechanisms.map(\.kind)), influencesResults: true, fallback: { _ in nil },
      mechanisms: [:], set: { $0.attention.kind = $1.text ?? "" },
      get: { .text($0.attention.kind) })
    return [kind] + names.map { .attention($0, options[$0]!) }
  }
}
