import Diagnostics
import Foundation
import RunLog

/// What `sbm evaluate` found with a trained run, read from its file.
public struct LoggedEvaluation: Sendable {
  /// Where it lies.
  public let path: String
  /// What it says.
  public let log: EvaluationLog

  /// The evaluations of `run` that lie beside its log, by name; and sentences about files of that kind which cannot be
  /// read.
  public static func beside(_ run: LoggedRun) -> (found: [LoggedEvaluation], problems: [String]) {
    let folder = (run.path as NSString).deletingLastPathComponent
    let files =
      (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
    // Other runs' evaluations need not be read: their names begin with other runs.
    let name = ((run.path as NSString).lastPathComponent as NSString).deletingPathExtension
    let own = files.filter { $0.hasPrefix(name + ".") && $0.hasSuffix(EvaluationLog.suffix) }
    var found: [LoggedEvaluation] = []
    var problems: [String] = []
    for file in own.sorted() {
      let path = (folder as NSString).appendingPathComponent(file)
      do {
        found.append(LoggedEvaluation(path: path, log: try EvaluationLog(reading: path)))
      } catch {
        problems.append("\(error)")
      }
    }
    return (found, problems)
  }

  /// The split and what was changed: `test, attention.sampler=fastrg`.
  var what: String {
    ([log.data.split] + log.changes.map { "\($0.key)=\($0.value)" }
      + (log.parameters == "last" ? ["last parameters"] : [])).joined(separator: ", ")
  }
}
