import HDF5

extension RunLog {
  /// Writes the whole log, so that `path` is at any moment the last snapshot or this one.
  ///
  /// The file is sealed: damage to any byte of it is found out when it is read. Throws `HDF5Error`, a full
  /// disk among them; the last snapshot is then still there.
  public func write(to path: String) throws {
    try HDF5File.writeAtomically(to: path, sealed: true) { file in
      for field in fields { try field.write(to: file) }
    }
  }
}

extension Field {
  private static let attributeMark = "/@"

  func write(to file: HDF5File) throws {
    guard path.hasPrefix(Self.attributeMark) else { return try writeDataset(to: file) }
    let name = String(path.dropFirst(Self.attributeMark.count))
    switch content {
    case .text(let value): try file.setAttribute(name, value)
    case .texts(let values): try file.setAttribute(name, values)
    case .integer(let value): try file.setAttribute(name, value)
    case .seed(let value): try file.setAttribute(name, value)
    case .integers, .flags, .real, .reals: preconditionFailure("\(path) is no attribute")
    }
  }

  private func writeDataset(to file: HDF5File) throws {
    switch content {
    case .text(let value): try file.write(path, value)
    case .texts(let values): try file.write(path, values)
    case .integer(let value): try file.write(path, value)
    case .seed(let value): try file.write(path, value)
    case .integers(let values): try file.write(path, values)
    case .flags(let values): try file.write(path, values)
    case .real(let value): try file.write(path, value)
    case .reals(let values, let shape): try file.write(path, values, shape: shape)
    }
  }
}
