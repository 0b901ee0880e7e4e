import Diagnostics
import HDF5
import Torch

/// A golden file: numbers computed with the published code, laid out as `Tests/Fixtures/README.md` says.
struct GoldenFile {
  let file: HDF5File

  init(path: String) throws {
    file = try HDF5File(reading: path)
    guard try file.exists("attention") || file.exists("model") else {
      throw GoldenError(
        place: path, problem: "neither /attention nor /model is there; is it a golden file?")
    }
  }

  /// The groups below `section`, such as the kinds of `/attention`.
  func entries(_ section: String) throws -> [HDF5Group] {
    guard try file.exists(section) else { return [] }
    let group = try file.group(section)
    return try group.children().map { try group.group($0) }
  }
}

/// Something in a golden file that cannot be used.
public struct GoldenError: ExitCodeProviding, CustomStringConvertible {
  /// File or object.
  public var place: String
  /// What is wrong there.
  public var problem: String

  /// Place and problem.
  public var description: String { "\(place): \(problem)" }

  /// The input is to blame.
  public var exitCode: ExitCode { .badInput }
}

extension HDF5Group {
  /// A float dataset as a tensor.
  func tensor(_ name: String) throws -> Tensor {
    let dataset = try dataset(name)
    return try Tensor(dataset.read(as: Float.self), shape: dataset.shape)
  }

  /// An integer dataset as a tensor of indices.
  func indices(_ name: String) throws -> Tensor {
    let dataset = try dataset(name)
    return try Tensor(dataset.read(as: Int64.self), shape: dataset.shape)
  }

  /// Every float dataset below `name`, by its name there; none where the group is missing.
  func tensors(below name: String) throws -> [String: Tensor] {
    guard try exists(name) else { return [:] }
    let group = try group(name)
    return try Dictionary(
      uniqueKeysWithValues: group.children().map { ($0, try group.tensor($0)) })
  }

  func integer(_ name: String) throws -> Int { try attribute(name, as: Int.self) }

  func integer(_ name: String, default fallback: Int) throws -> Int {
    try hasAttribute(name) ? integer(name) : fallback
  }

  func number(_ name: String) throws -> Double { try attribute(name, as: Double.self) }
}
