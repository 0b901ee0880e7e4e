import Foundation

/// The files of a folder and of those below it.
public struct FolderListing: Sendable {
  /// Paths below the folder, sorted, without hidden ones and what lies in hidden folders.
  public private(set) var files: [String] = []
  /// Folders that cannot be read, with the system's reason.
  public private(set) var unreadable: [(folder: String, reason: String)] = []

  /// Reads `folder`.
  public init(below folder: String) {
    // The folder itself may be a link, as to a larger disk; those below it are not followed.
    let root = URL(fileURLWithPath: folder, isDirectory: true).resolvingSymlinksInPath()
    let start = root.path.hasSuffix("/") ? root.path : root.path + "/"
    var problems: [(String, String)] = []
    let found = FileManager.default.enumerator(
      at: root, includingPropertiesForKeys: nil, options: [],
      errorHandler: { url, error in
        let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        let reason =
          cause?.domain == NSPOSIXErrorDomain
          ? String(cString: strerror(Int32(cause?.code ?? 0))) : error.localizedDescription
        let below = url.path.hasPrefix(start) ? String(url.path.dropFirst(start.count)) : ""
        problems.append((below.isEmpty ? folder : "\(folder)/\(below)", reason))
        return true
      })
    for case let url as URL in found ?? .init() where url.path.hasPrefix(start) {
      let name = String(url.path.dropFirst(start.count))
      if !name.split(separator: "/").contains(where: { $0.hasPrefix(".") }) { files.append(name) }
    }
    files.sort()
    unreadable = problems
  }
}
