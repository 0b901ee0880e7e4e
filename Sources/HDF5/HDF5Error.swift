import CHDF5
import Diagnostics
import Foundation

/// What went wrong with an HDF5 file: which file, which object in it, and what to do.
public struct HDF5Error: Error, Equatable, CustomStringConvertible {
  /// The sort of failure, for a caller that wants to act on it.
  public enum Kind: String, Sendable, Codable {
    /// The file or its folder does not exist.
    case noSuchFile
    /// The file may not be read or written.
    case noPermission
    /// No space is left, or a quota or size limit was reached.
    case diskFull
    /// The file is there, but is no HDF5 file.
    case notHDF5
    /// The file begins as an HDF5 file and is cut off or damaged.
    case damaged
    /// The file is whole, but a program that had it open for writing did not close it, or has not yet.
    case leftOpen
    /// The file refers to another file, which is not read.
    case elsewhere
    /// A group, dataset or attribute is missing.
    case missingObject
    /// An object has another type than was asked for, or a value does not fit it.
    case wrongType
    /// An object has another shape than was asked for.
    case wrongShape
    /// Any other failure of reading or writing.
    case failed
  }

  /// The sort of failure.
  public var kind: Kind
  /// The path of the file.
  public var file: String
  /// The path of the group, dataset or attribute (`/group@attribute`) in the file, or nil.
  public var object: String?
  /// What happened, with libhdf5's own words where it had any.
  public var message: String
  /// What to do about it.
  public var hint: String?

  /// An error about `object` in `file`.
  public init(
    _ kind: Kind, file: String, object: String? = nil, message: String, hint: String? = nil
  ) {
    self.kind = kind
    self.file = file
    self.object = object
    self.message = message
    self.hint = hint
  }

  /// `object: message`, for one who names the file and knows what to do.
  public var problem: String { (object.map { $0 + ": " } ?? "") + message }

  /// `file: object: message. hint`
  public var description: String {
    var text = "\(file): \(problem)"
    if let hint { text += ". " + hint }
    return text
  }
}

extension HDF5Error: ExitCodeProviding {
  /// Bad input data where the content is at fault, an input or output error otherwise.
  public var exitCode: ExitCode {
    switch kind {
    case .notHDF5, .damaged, .leftOpen, .elsewhere, .missingObject, .wrongType, .wrongShape:
      .badInput
    case .noSuchFile, .noPermission, .diskFull, .failed: .inputOutput
    }
  }
}

extension HDF5Error {
  /// The error for a library call that just failed; reads libhdf5's error stack.
  ///
  /// What libhdf5 cannot make sense of in a file that is read, and that neither the system nor memory is to
  /// blame for, is damage.
  static func library(
    _ action: String, file: String, object: String? = nil, isWriting: Bool = false
  ) -> HDF5Error {
    let stack = errorStack()
    let all = stack.joined(separator: "; ")
    let reason = stack.first.map { first in
      stack.count > 1 ? "\(first) (\(stack[stack.count - 1]))" : first
    }
    let message = reason.map { "\(action): \($0)" } ?? action
    if all.contains("errno = 28") || all.contains("errno = 122") || all.contains("errno = 27") {
      return diskFull(message, file: file, object: object)
    }
    // libhdf5's own words for consistency flags that are set.
    if all.contains("file is already open for") { return leftOpen(file: file) }
    if all.contains("truncated file") || all.contains("wrong version")
      || all.contains("checksum") || all.contains("bad object header")
      || all.contains("signature") || all.contains("addr overflow")
    {
      return damaged(message, file: file, object: object)
    }
    // "past end of allocation" is about the file.
    let isOfSystem =
      isWriting || all.contains("errno = ") || all.contains("memory allocation failed")
      || all.contains("unable to allocate")
    return isOfSystem
      ? HDF5Error(.failed, file: file, object: object, message: message)
      : damaged(message, file: file, object: object)
  }

  /// Whether libhdf5 failed for want of a lock that nobody has: the file system has none.
  var tellsOfMissingLocks: Bool {
    message.contains("unable to lock file")
      && [ENOLCK, EOPNOTSUPP, ENOSYS].contains { message.contains("errno = \($0),") }
  }

  /// The error for a system call that just failed with `code`.
  static func system(_ action: String, code: Int32, file: String) -> HDF5Error {
    let message = "\(action): \(errnoText(code))"
    switch code {
    case ENOENT, ENOTDIR:
      return HDF5Error(.noSuchFile, file: file, message: message)
    case EACCES, EPERM, EROFS:
      return HDF5Error(
        .noPermission, file: file, message: message,
        hint: "Change the permissions of the file and its folder, or choose another place")
    case ENOSPC, EDQUOT, EFBIG:
      return diskFull(message, file: file)
    default:
      return HDF5Error(.failed, file: file, message: message)
    }
  }

  /// The error for a file whose bytes are not those that were written.
  static func damaged(_ message: String, file: String, object: String? = nil) -> HDF5Error {
    HDF5Error(
      .damaged, file: file, object: object, message: message,
      hint: "The file is cut off or damaged: restore it from a copy, or have it made anew")
  }

  /// The error for a file that another program left open.
  static func leftOpen(file: String) -> HDF5Error {
    HDF5Error(
      .leftOpen, file: file,
      message:
        "another program has it open for writing, or had and was killed (its consistency flags "
        + "are set)",
      hint:
        "Close the file there; if that program is gone, `h5clear -s \(file)` makes the file readable "
        + "again and loses nothing")
  }

  private static func diskFull(_ message: String, file: String, object: String? = nil)
    -> HDF5Error
  {
    HDF5Error(
      .diskFull, file: file, object: object, message: message,
      hint: "Free some space, or choose another place")
  }

  /// libhdf5's descriptions of the failure, the innermost first.
  private static func errorStack() -> [String] {
    final class Collector { var lines: [String] = [] }
    let collector = Collector()
    H5Ewalk2(
      0, H5E_WALK_UPWARD,
      { _, entry, context in
        guard let entry, let context, let text = entry.pointee.desc else { return 0 }
        let collector = Unmanaged<Collector>.fromOpaque(context).takeUnretainedValue()
        let line = String(cString: text)
        if !collector.lines.contains(line) { collector.lines.append(line) }
        return 0
      }, Unmanaged.passUnretained(collector).toOpaque())
    return collector.lines
  }
}

/// The system's words for an error code.
func errnoText(_ code: Int32) -> String { String(cString: strerror(code)) }
