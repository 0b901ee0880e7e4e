import Foundation
import HDF5

/// Writes a checkpoint anew, without a seal and the attributes to leave out, and with a change.
func rewrite(
  _ file: URL, leavingOut names: Set<String> = [], _ change: (HDF5File) throws -> Void = { _ in }
) throws {
  let source = try HDF5File(reading: file.path)
  try HDF5File.writeAtomically(to: file.path) { target in
    for name in try source.attributeNames() where !names.contains(name) && name != "sealed" {
      switch try source.attributeType(name) {
      case .string where name == "data":
        try target.setAttribute(name, source.attributeArray(name) as [String])
      case .string: try target.setAttribute(name, source.attribute(name, as: String.self))
      case .float: try target.setAttribute(name, source.attribute(name, as: Double.self))
      default: try target.setAttribute(name, source.attribute(name, as: Int.self))
      }
    }
    for group in try source.children() {
      for name in try source.group(group).children() {
        let dataset = try source.group(group).dataset(name)
        try target.write("\(group)/\(name)", dataset.read(as: Float.self), shape: dataset.shape)
      }
    }
    try change(target)
  }
}
