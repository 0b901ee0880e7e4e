import HDF5
import RunLog
import Testing

/// A log that is not as it should be is refused, naming file and key.
@Suite struct StrictReadingTests {
  /// Writes a log, lets `damage` change what is written, and reads it.
  private func message(_ damage: (HDF5File) throws -> Void) throws -> String {
    let folder = try Folder()
    let path = folder.file("run.h5")
    let whole = folder.file("whole.h5")
    try makeLog().write(to: whole)
    let source = try HDF5File(reading: whole)
    try HDF5File.writeAtomically(to: path) { file in
      try copy(source, to: file)
      try damage(file)
    }
    do {
      _ = try RunLog(reading: path)
      return "read without complaint"
    } catch {
      let text = "\(error)"
      #expect(text.hasPrefix(path + ": "))
      return String(text.dropFirst(path.count + 2))
    }
  }

  private func copy(_ source: HDF5Group, to target: HDF5Group, without: Set<String> = []) throws {
    for name in try source.attributeNames() where !without.contains(name) && name != "sealed" {
      switch try source.attributeType(name) {
      case .string where name == "libraries":
        try target.setAttribute(name, try source.attributeArray(name, as: String.self))
      case .string: try target.setAttribute(name, try source.attribute(name, as: String.self))
      default: try target.setAttribute(name, try source.attribute(name, as: UInt64.self))
      }
    }
    for name in try source.children() where !without.contains(name) {
      if try source.isGroup(name) {
        try copy(source.group(name), to: target.createGroup(name), without: without)
        continue
      }
      let dataset = try source.dataset(name)
      let shape = try dataset.shape
      switch try dataset.type {
      case .string: try target.write(name, try dataset.read(as: String.self), shape: shape)
      case .boolean: try target.write(name, try dataset.read(as: Bool.self), shape: shape)
      case .integer: try target.write(name, try dataset.read(as: Int.self), shape: shape)
      default: try target.write(name, try dataset.read(as: Double.self), shape: shape)
      }
    }
  }

  @Test func theCopyItselfIsRead() throws {
    #expect(try message { _ in } == "read without complaint")
  }

  /// What logs of earlier versions lack: the steps done are those of the last row, and nobody knows what
  /// was published.
  @Test func olderLogs() throws {
    let folder = try Folder()
    var log = makeLog(steps: 6)
    log.stepsDone = 7
    try log.write(to: folder.file("new.h5"))
    let new = try HDF5File(reading: folder.file("new.h5"))
    try HDF5File.writeAtomically(to: folder.file("old.h5")) { file in
      try copy(new, to: file, without: ["steps_done", "published", "history"])
    }
    let old = try RunLog(reading: folder.file("old.h5"))
    #expect(old.stepsDone == 6 && old.settings.allSatisfy { $0.published == nil })
    #expect(old.differences(from: log) == ["/@steps_done: 6 against 7"])
  }

  @Test(arguments: [
    "config", "train/step", "train/loss", "train/learning_rate", "train/seconds", "dev/examples",
    "dev/density", "settings/value", "cost/parameters", "test/predictions", "test/labels",
    "test/step", "test/loss", "train", "dev",
  ])
  func missingObject(path: String) throws {
    #expect(try message { try $0.remove(path) }.hasPrefix("/\(path)"))
  }

  @Test func wrongLengths() throws {
    for path in ["train/loss", "dev/accuracy", "train/examples", "test/labels", "test/examples"] {
      let text = try message { file in
        try file.remove(path)
        try file.write(path, [1, 2])
      }
      #expect(text.hasPrefix("/\(path): has 2 rows where its table has"))
    }
    let density = try message { file in
      try file.remove("density")
      try file.write("density", [0.1, 0.2], shape: [1, 1, 2])
    }
    #expect(density.hasPrefix("/density: its shape [1, 1, 2] is not [3, layers, heads]"))
  }

  @Test func stepsThatGoBack() throws {
    let text = try message { file in
      try file.remove("dev/step")
      try file.write("dev/step", [2, 4, 4])
    }
    #expect(text == "/dev/step: steps must increase; 4 follows 4")
  }

  @Test func wrongWordsAndTypes() throws {
    #expect(
      try message { try $0.setAttribute("status", "done") }
        == "/@status: 'done' is none of 'running', 'finished', 'failed', 'interrupted'")
    #expect(try message { try $0.setAttribute("verdict", "ok") }.hasPrefix("/@verdict: 'ok'"))
    #expect(try message { try $0.setAttribute("seed", "seven") }.hasPrefix("/@seed: holds string"))
    #expect(try message { try $0.setAttribute("task", 7) }.hasPrefix("/@task: holds int64"))
    let loss = try message { file in
      try file.remove("train/loss")
      try file.write("train/loss", ["a"])
    }
    #expect(loss == "/train/loss: holds string, not float64")
  }

  @Test func otherFormats() throws {
    #expect(
      try message { try $0.setAttribute("format", "weather") }
        .hasPrefix("/@format: this is no run log: the attribute is 'weather'"))
    #expect(
      try message { try $0.setAttribute("format_version", 2) }
        .hasPrefix("/@format_version: layout 2 is not known here"))
    let folder = try Folder()
    try HDF5File.writeAtomically(to: folder.file("other.h5")) { try $0.write("x", [1]) }
    #expect(throws: RunLogError.self) { try RunLog(reading: folder.file("other.h5")) }
  }
}
