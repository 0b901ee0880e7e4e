import Diagnostics
import Foundation

/// Finds the log that a person means by a path or a run's name.
public struct RunLookup {
  /// The help of arguments that are looked up.
  public static let help =
    "A run log (.h5), or the name of a run below results, such as listops-sbm-s0."

  /// The log's path.
  public let path: String

  /// - Throws: ``NoSuchRun`` when there is no such file, or not one run of that name below `folder`.
  public init(_ name: String, below folder: String = "results") throws {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: name, isDirectory: &isFolder), !isFolder.boolValue {
      path = name
      return
    }
    guard !name.contains("/"), !name.hasSuffix(".h5"), !isFolder.boolValue else {
      throw NoSuchRun.path(name, isFolder: isFolder.boolValue)
    }
    let logs = Self.logs(below: folder)
    let found = logs.filter { $0.name == name }.map(\.path)
    guard let only = found.first else {
      throw NoSuchRun.name(
        name, folder: folder, closest: Spelling.closest(to: name, among: logs.map(\.name)))
    }
    guard found.count == 1 else { throw NoSuchRun.several(name, found) }
    path = only
  }

  /// What is read for `name`: a file or folder that is there, or the log of a run.
  ///
  /// - Throws: ``NoSuchRun`` when there is neither; paths are left to their reader.
  public static func pathOrRun(_ name: String) throws -> String {
    let isPath =
      name.contains("/") || [".h5", ".json", ".jsonl"].contains { name.hasSuffix($0) }
      || FileManager.default.fileExists(atPath: name)
    return isPath ? name : try RunLookup(name).path
  }

  /// The logs of all seeds of a run that is named without one, or of the one run of that whole name.
  ///
  /// - Throws: ``NoSuchRun`` when there is none.
  public static func seeds(of name: String, below folder: String = "results") throws -> [String] {
    let logs = logs(below: folder)
    let found = logs.filter { log in
      guard log.name.hasPrefix(name + "-s") else { return false }
      return UInt64(log.name.dropFirst(name.count + 2)) != nil
    }
    if !found.isEmpty { return found.map(\.path) }
    return [try RunLookup(name, below: folder).path]
  }

  private static func logs(below folder: String) -> [(name: String, path: String)] {
    let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    return files.sorted().filter { file in
      file.hasSuffix(".h5") && !file.hasSuffix(RunLog.checkpointSuffix)
        && !file.hasSuffix(EvaluationLog.suffix)
        && !file.split(separator: "/").contains { $0.hasPrefix(".") }
    }.map { file in
      (String((file as NSString).lastPathComponent.dropLast(3)), "\(folder)/\(file)")
    }
  }
}

/// What was named is no run.
public enum NoSuchRun: ExitCodeProviding, CustomStringConvertible {
  /// A path that is no file.
  case path(String, isFolder: Bool)
  /// A name that no run below the folder has.
  case name(String, folder: String, closest: String?)
  /// A name that the runs of several logs have.
  case several(String, [String])
  /// A folder without logs.
  case noRuns(folder: String, exitCode: ExitCode)

  /// What was looked for, and what there is.
  public var description: String {
    switch self {
    case .path(let path, let isFolder):
      isFolder
        ? "\(path) is a folder; name a run log (.h5) in it."
        : "\(path): there is no such run log. sbm run writes them; sbm report lists them."
    case .name(let name, let folder, let closest):
      "'\(name)' is neither a file nor a run below \(folder)."
        + (closest.map { " Did you mean '\($0)'?" } ?? " Name its log (.h5), or another run.")
    case .noRuns(let folder, _): "There is no run log (.h5) below \(folder). sbm run writes them."
    case .several(let name, let paths):
      "There are \(paths.count) runs '\(name)'; name one of their logs: \(paths.joined(separator: ", "))."
    }
  }

  /// Bad usage, but for a path that is not there, which is one of input.
  public var exitCode: ExitCode {
    switch self {
    case .path(_, false): .inputOutput
    case .noRuns(_, let code): code
    default: .usage
    }
  }
}
