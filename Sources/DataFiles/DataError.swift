import Diagnostics

/// Something wrong with data on disk: which file, where in it, what is wrong and what to do.
///
/// Everything the outside world can get wrong is thrown as this type; programmer errors trap.
public struct DataError: Error, Hashable, Sendable, CustomStringConvertible, ExitCodeProviding {
  /// What kind of trouble this is; it decides the exit code.
  public enum Kind: Hashable, Sendable {
    /// A file that should be there is not (exit code 65).
    case missing
    /// Files that are generated here are not all there (exit code 65).
    case incomplete
    /// The content is not what its format says (exit code 65).
    case malformed
    /// The system refused to read or write (exit code 74).
    case inputOutput
  }

  /// Where in a file the trouble is.
  public enum Place: Hashable, Sendable, CustomStringConvertible {
    /// The file as a whole.
    case file
    /// A line, counted from 1 (a table's header is line 1).
    case line(Int)
    /// A byte offset, counted from 0.
    case byte(Int)
    /// An entry of an archive, or a named part of a file.
    case entry(String)
    /// A line of an archive's entry, counted from 1.
    case entryLine(String, Int)

    /// The place as it stands after the file name: ":12", " at byte 7", " (aclImdb/…)".
    public var description: String {
      switch self {
      case .file: ""
      case .line(let line): ":\(line)"
      case .byte(let offset): " at byte \(offset)"
      case .entry(let name): " (\(name))"
      case .entryLine(let name, let line): " (\(name):\(line))"
      }
    }
  }

  /// What kind of trouble this is.
  public var kind: Kind
  /// The file's path.
  public var file: String
  /// Where in the file.
  public var place: Place
  /// What is wrong, without a full stop.
  public var problem: String
  /// What to do about it, a sentence without a full stop; empty when there is nothing to say.
  public var hint: String

  /// An error at a place in a file.
  public init(
    _ kind: Kind, file: String, place: Place = .file, problem: String, hint: String = ""
  ) {
    self.kind = kind
    self.file = file
    self.place = place
    self.problem = problem
    self.hint = hint
  }

  /// What to do about a file that is not there, where nothing more is known of it.
  public static let absenceHint =
    "Check its name and place; `sbm data list` says where data sets come from"

  /// "data/basic_train.tsv:12: the label is 11, not 0 to 9. Fetch the file again."
  public var description: String {
    "\(file)\(place): \(problem)." + (hint.isEmpty ? "" : " \(hint).")
  }

  /// The exit code of a command that fails with this error: 65 (bad data) or 74 (input/output).
  public var exitCode: ExitCode { kind == .inputOutput ? .inputOutput : .badInput }
}
