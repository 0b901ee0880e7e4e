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
    guard !isFolder.boolValue else { throw NoSuchRun.path(name, isFolder: true, closest: nil) }
    let (own, place) = Self.parts(name)
    let logs = place.map(Self.logs(in:)) ?? Self.logs(below: folder)
    let found = logs.filter { $0.name == own }.map(\.path)
    guard let only = found.first else {
      guard place == nil else {
        let closest = Spelling.closest(to: own, among: logs.map(\.name))
        let path = logs.first { $0.name == closest }?.path
        throw NoSuchRun.path(name, isFolder: false, closest: path)
      }
      throw NoSuchRun.name(name, folder: folder, closest: Self.suggestion(for: own, among: logs))
    }
    guard found.count == 1 else { throw NoSuchRun.several(name, found) }
    path = only
  }

  /// A run's name and the folder that a path has it in, with or without the ending of a log; no folder for a name.
  private static func parts(_ name: String) -> (name: String, folder: String?) {
    let last = (name as NSString).lastPathComponent
    let own = last.hasSuffix(".h5") ? String(last.dropLast(3)) : last
    guard name.contains("/") || own != last else { return (own, nil) }
    let above = (name as NSString).deletingLastPathComponent
    return (own, above.isEmpty ? "." : above)
  }

  /// The run that was probably meant: spelt alike, with or without its seed, or else one whose name has the word in it.
  private static func suggestion(for name: String, among logs: [(name: String, path: String)])
    -> String?
  {
    let names = logs.map(\.name)
    if let closest = Spelling.closest(to: name, among: names) { return closest }
    let closest = Spelling.closest(to: name, among: names.map(withoutSeed))
    return names.first { withoutSeed($0) == closest }
      ?? names.first { $0.localizedCaseInsensitiveContains(name) }
  }

  /// `listops-sbm` for `listops-sbm-s0`.
  private static func withoutSeed(_ name: String) -> String {
    let parts = name.split(separator: "-", omittingEmptySubsequences: false)
    guard let last = parts.last, last.first == "s", UInt64(last.dropFirst()) != nil else {
      return name
    }
    return parts.dropLast().joined(separator: "-")
  }

  /// What is read for `name`: a file or folder that is there, or the log of a run.
  ///
  /// - Throws: ``NoSuchRun`` when there is neither; paths are left to their reader.
  public static func pathOrRun(_ name: String) throws -> String {
    let isPath =
      [".json", ".jsonl"].contains { name.hasSuffix($0) }
      || FileManager.default.fileExists(atPath: name)
    return isPath ? name : try RunLookup(name).path
  }

  /// The logs of all seeds of a run that is named without one, or of the one run of that whole name.
  ///
  /// - Throws: ``NoSuchRun`` when there is none.
  public static func seeds(of name: String, below folder: String = "results") throws -> [String] {
    let (own, place) = parts(name)
    let logs = place.map(logs(in:)) ?? logs(below: folder)
    let found =
      name.hasSuffix(".h5") ? [] : logs.filter { withoutSeed($0.name) == own && $0.name != own }
    if found.isEmpty { return [try RunLookup(name, below: folder).path] }
    // Seeds of one run lie together; a name that several folders have says not which is meant.
    let folders = Set(found.map { ($0.path as NSString).deletingLastPathComponent }).sorted()
    guard folders.count == 1 else {
      throw NoSuchRun.several(name, folders.map { "\($0)/\(own)" })
    }
    return found.map(\.path)
  }

  /// The logs in `folder` and the folders below it.
  private static func logs(below folder: String) -> [(name: String, path: String)] {
    logs(FolderListing(below: folder).files, folder)
  }

  /// The logs in `folder` itself: a path may name a large disk.
  private static func logs(in folder: String) -> [(name: String, path: String)] {
    logs((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [], folder)
  }

  private static func logs(_ files: [String], _ folder: String) -> [(name: String, path: String)] {
    files.sorted().filter { file in
      file.hasSuffix(".h5") && !file.hasSuffix(RunLog.checkpointSuffix)
        && !file.hasSuffix(EvaluationLog.suffix)
        && !file.hasPrefix(".")
    }.map { file in
      let name = String((file as NSString).lastPathComponent.dropLast(3))
      return (name, folder == "." ? file : "\(folder)/\(file)")
    }
  }
}

/// What was named is no run.
public enum NoSuchRun: ExitCodeProviding, CustomStringConvertible {
  /// A path that is no file.
  case path(String, isFolder: Bool, closest: String?)
  /// A name that no run below the folder has.
  case name(String, folder: String, closest: String?)
  /// A name that the runs of several logs have.
  case several(String, [String])
  /// A folder without logs.
  case noRuns(folder: String, exitCode: ExitCode)

  /// What was looked for, and what there is.
  public var description: String {
    switch self {
    case .path(let path, let isFolder, let closest):
      isFolder
        ? "\(path) is a folder; name a run log (.h5) in it."
        : "\(path): there is no such run log."
          + (closest.map { " Did you mean '\($0)'?" }
            ?? " sbm run writes them; sbm show <folder> lists them.")
    case .name(let name, let folder, let closest):
      "'\(name)' is neither a file nor a run below \(folder)."
        + (closest.map { " Did you mean '\($0)'?" }
          ?? " Name its log (.h5), or another run; sbm show \(folder) lists them.")
    case .noRuns(let folder, _): "There is no run log (.h5) below \(folder). sbm run writes them."
    case .several(let name, let paths):
      "There are \(paths.count) runs '\(name)'; name one of them: \(paths.joined(separator: ", "))."
    }
  }

  /// Bad usage, but for a path that is not there, which is one of input.
  public var exitCode: ExitCode {
    switch self {
    case .path(_, false, _): .inputOutput
    case .noRuns(_, let code): code
    default: .usage
    }
  }
}
