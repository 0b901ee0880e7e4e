import NN
import Synchronization

/// Parameters that the layers of one model have in common, by name.
public final class SharedParameters: Sendable {
  private let found = Mutex<[String: Parameter]>([:])

  /// An empty table, for one model.
  public init() {}

  /// The parameter of that name, made by the first layer that asks for it.
  public func parameter(_ name: String, make: () -> Parameter) -> Parameter {
    found.withLock { found in
      if let parameter = found[name] { return parameter }
      let parameter = make()
      found[name] = parameter
      return parameter
    }
  }
}
