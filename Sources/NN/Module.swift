import Torch

/// A part of a network: finds its parameters by looking at its stored properties.
///
/// A property that is a ``Parameter``, a module, or an optional or array of them is a child; its name is the
/// property's, array elements are numbered. A whole parameter name is the path, such as
/// `encoder.blocks.0.attention.query.weight`. A parameter inside a struct, an enumeration, a tuple, a
/// dictionary or a set would be overlooked, and never trained: that is a programmer's error.
public protocol Module: AnyObject, Sendable {}

/// A tensor that a module owns: trained, or a buffer that is only kept with the model.
///
/// Unchecked: `value` is written only between steps, by the one thread that owns the model.
public final class Parameter: @unchecked Sendable {
  /// The current value; a leaf of the graph. Threads may read it while none writes.
  public private(set) var value: Tensor
  /// Whether gradients are taken and the optimizer changes it.
  public let isTrainable: Bool

  /// A parameter that starts as `value`.
  public init(_ value: Tensor, isTrainable: Bool = true) {
    self.value = value.detached().requiringGradient(isTrainable)
    self.isTrainable = isTrainable
  }

  /// Replaces the value by a converted or moved copy.
  public func replace(_ transform: (Tensor) -> Tensor) {
    value = transform(value.detached()).detached().requiringGradient(isTrainable)
  }
}

extension Module {
  /// Every parameter and buffer with its path, in the order of declaration. One that several parts
  /// share is named once, by its first path.
  public func namedParameters() -> [(name: String, parameter: Parameter)] {
    var found: [(String, Parameter)] = []
    collect(self, path: "", into: &found)
    var seen: Set<ObjectIdentifier> = []
    return found.filter { seen.insert(ObjectIdentifier($0.1)).inserted }
  }

  /// The parameters that are trained, in the order of declaration.
  public func trainableParameters() -> [(name: String, parameter: Parameter)] {
    namedParameters().filter { $0.parameter.isTrainable }
  }

  /// The number of trained scalars.
  public var parameterCount: Int {
    trainableParameters().reduce(0) { $0 + $1.parameter.value.count }
  }

  /// Converts every floating-point parameter, for example to `float64` for a test of gradients.
  public func convert(to dtype: DType) {
    for (_, parameter) in namedParameters() { parameter.replace { $0.to(dtype) } }
  }

  /// Moves every parameter to `device`.
  public func move(to device: Device) {
    for (_, parameter) in namedParameters() { parameter.replace { $0.to(device) } }
  }

  /// Overwrites parameters by name.
  ///
  /// - Throws: ``ParameterError`` when a name is missing or unknown, or a shape differs; nothing has
  ///   been changed then.
  public func load(_ values: [String: Tensor]) throws {
    let parameters = namedParameters()
    let known = Set(parameters.map(\.name))
    if let extra = values.keys.sorted().first(where: { !known.contains($0) }) {
      throw ParameterError.unknown(name: extra)
    }
    for (name, parameter) in parameters {
      guard let value = values[name] else { throw ParameterError.missing(name: name) }
      guard value.shape == parameter.value.shape else {
        throw ParameterError.shape(
          name: name, expected: parameter.value.shape, found: value.shape)
      }
    }
    for (name, parameter) in parameters { parameter.value.copy(inPlace: values[name]!) }
  }
}

/// Why values do not fit a module.
public enum ParameterError: Error, CustomStringConvertible, Equatable {
  /// The module has a parameter for which there is no value.
  case missing(name: String)
  /// There is a value for which the module has no parameter.
  case unknown(name: String)
  /// A value has another shape than the parameter.
  case shape(name: String, expected: [Int], found: [Int])

  /// Which parameter, what is wrong, and what to look at.
  public var description: String {
    switch self {
    case .missing(let name):
      "no value for parameter '\(name)'; was it saved by another model?"
    case .unknown(let name):
      "the model has no parameter '\(name)'; was it saved by another model?"
    case .shape(let name, let expected, let found):
      "parameter '\(name)' has shape \(expected), the value \(found); check the model's sizes"
    }
  }
}

private func collect(_ value: Any, path: String, into found: inout [(String, Parameter)]) {
  var mirror: Mirror? = Mirror(reflecting: value)
  var levels: [Mirror] = []
  while let level = mirror {
    levels.append(level)
    mirror = level.superclassMirror
  }
  for level in levels.reversed() {
    for (index, child) in level.children.enumerated() {
      let label = level.displayStyle == .collection ? "\(index)" : child.label ?? "\(index)"
      collectChild(child.value, path: path.isEmpty ? label : "\(path).\(label)", into: &found)
    }
  }
}

private func collectChild(_ value: Any, path: String, into found: inout [(String, Parameter)]) {
  let mirror = Mirror(reflecting: value)
  if mirror.displayStyle == .optional {
    if let some = mirror.children.first { collectChild(some.value, path: path, into: &found) }
    return
  }
  switch value {
  case let parameter as Parameter: found.append((path, parameter))
  case let module as any Module: collect(module, path: path, into: &found)
  case is [Parameter], is [any Module]: collect(value, path: path, into: &found)
  default:
    if let hidden = hiddenParameter(mirror, path: path) {
      preconditionFailure(
        "parameter '\(hidden)' would never be trained: '\(path)' is neither a parameter, a module, nor "
          + "an array of them; make it a module")
    }
  }
}

/// The path of a parameter inside a value that is no module.
private func hiddenParameter(_ mirror: Mirror, path: String) -> String? {
  let children: [Mirror.Child]
  switch mirror.displayStyle {
  case .struct, .tuple, .enum, .optional: children = Array(mirror.children)
  // All elements have one type: the first tells.
  case .collection, .dictionary, .set: children = Array(mirror.children.prefix(1))
  default: return nil
  }
  for (index, child) in children.enumerated() {
    let place = "\(path).\(child.label ?? "\(index)")"
    if child.value is Parameter || child.value is any Module { return place }
    if let hidden = hiddenParameter(Mirror(reflecting: child.value), path: place) { return hidden }
  }
  return nil
}
