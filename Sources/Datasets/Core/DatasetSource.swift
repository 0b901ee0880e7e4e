import DataFiles
import Foundation
import Tasks

/// Published files (or a generator) from which a task's examples can be streamed.
///
/// One type conforms for each data set. A source holds no examples: it reads its files again each
/// time, in a fixed order, with bounded memory. ``TokenCache`` keeps what it delivers.
public protocol DatasetSource: Sendable {
  /// The task whose examples these are, with lengths as this source cuts them.
  var task: TaskSpecification { get }

  /// Tells caches of one task apart that settings make different, such as "strict"; "" for the
  /// usual one. Part of the cache's file name, so lower-case letters, digits and "-" only.
  var variant: String { get }

  /// The command that makes the source's files, where they were generated here: then its task's
  /// expected counts are those of its manifest, and others are an error. `nil` for published files.
  var generation: String? { get }

  /// Whether examples come in random order, each drawn like all others, so that some of them are best
  /// taken from the beginning: then they are the same whatever follows.
  var isShuffled: Bool { get }

  /// Everything that decides what the examples are: files and settings.
  ///
  /// - Throws: `DataError` when a file is missing or cannot be looked at.
  func fingerprint() throws -> SourceFingerprint

  /// Calls `body` with each example of `split`, always in the same order.
  ///
  /// - Throws: `DataError` with file and place for anything in the files that is not as their
  ///   format says, and whatever `body` throws.
  func forEachExample(of split: Split, _ body: (Example) throws -> Void) throws
}

extension DatasetSource {
  /// The usual variant, "".
  public var variant: String { "" }

  /// Published files are not generated here.
  public var generation: String? { nil }

  /// Published files may be sorted.
  public var isShuffled: Bool { false }

  /// The error for generated files that are not all there.
  func incomplete(_ file: String, place: DataError.Place = .file, _ problem: String) -> DataError {
    DataError(
      .incomplete, file: file, place: place, problem: problem,
      hint: generation.map { "Run `\($0)`, which completes them" } ?? "")
  }
}

/// What a source's examples are made of; two equal fingerprints give equal examples.
public struct SourceFingerprint: Hashable, Sendable, Codable {
  /// A file as it was when it was read.
  public struct File: Hashable, Sendable, Codable {
    /// The path below the data root.
    public var path: String
    /// Size in bytes.
    public var size: Int
    /// Time of last change, in seconds since 1970.
    public var modified: Double

    /// A file's record.
    public init(path: String, size: Int, modified: Double) {
      self.path = path
      self.size = size
      self.modified = modified
    }

    /// Looks at the file or folder at `url`.
    ///
    /// - Throws: `DataError` when it is missing or may not be looked at.
    public init(_ url: URL, below root: URL) throws {
      let path = url.path
      var status = stat()
      guard stat(path, &status) == 0 else {
        let missing = errno == ENOENT || errno == ENOTDIR
        throw DataError(
          missing ? .missing : .inputOutput, file: path,
          problem: missing ? "there is no such file" : String(cString: strerror(errno)),
          hint: DataError.absenceHint)
      }
      let prefix = root.path.hasSuffix("/") ? root.path : root.path + "/"
      self.path = path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
      size = Int(status.st_size)
      modified = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) * 1e-9
    }
  }

  /// The files read, in the order they are read.
  public var files: [File]
  /// Settings by name: maximum length, vocabulary's checksum, seed of a split.
  public var settings: [String: String]

  /// A fingerprint of files and settings.
  public init(files: [File], settings: [String: String]) {
    self.files = files
    self.settings = settings
  }
}
