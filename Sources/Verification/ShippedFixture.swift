import Foundation

/// The golden file that ships with the program.
public enum ShippedFixture {
  /// Where it lies below a checkout of the project, and below an unpacked bundle.
  private static let places = ["Tests/Fixtures/golden.h5", "check/golden.h5"]

  /// The file that belongs to the program at `executable`: in the folders above it, the nearest first. Links to the
  /// program are followed. Nil where the program stands alone.
  public static func path(
    executable: URL? = Bundle.main.executableURL, exists: (String) -> Bool = isFile
  ) -> String? {
    guard var folder = executable?.resolvingSymlinksInPath().deletingLastPathComponent() else {
      return nil
    }
    while true {
      let found = places.map { folder.appendingPathComponent($0).path }.first(where: exists)
      if let found { return found }
      guard folder.path != "/" else { return nil }
      folder.deleteLastPathComponent()
    }
  }

  /// Whether there is a file at `path`.
  public static func isFile(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && !isFolder.boolValue
  }
}
