import Foundation
import PackagePlugin

/// Puts the commit that is built into the program, as `codeCommit` of a generated source file.
///
/// Git is asked again when it has recorded something or a source has changed; the file is written only when
/// the answer is another one. Without git, or outside of a clone (a tarball), the constant is empty.
@main struct CodeVersion: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
    let package = context.package.directoryURL
    let output = context.pluginWorkDirectoryURL.appending(path: "CodeCommit.swift")
    let sources = package.appending(path: "Sources")
    let script = sources.appending(path: "CodeVersion/commit.sh")
    return [
      .buildCommand(
        displayName: "Asking git for the commit", executable: URL(filePath: "/bin/sh"),
        arguments: [script.path, package.path, output.path],
        inputFiles: files(below: sources) + [package.appending(path: "Package.swift")]
          + gitRecords(package),
        outputFiles: [output])
    ]
  }

  private func files(below folder: URL) -> [URL] {
    let found = FileManager.default.enumerator(
      at: folder, includingPropertiesForKeys: [.isRegularFileKey])
    return (found?.compactMap { $0 as? URL } ?? []).filter {
      (try? $0.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile == true
    }
  }

  /// The files of a clone that change with its commit; a linked work tree names its folder in a file.
  private func gitRecords(_ package: URL) -> [URL] {
    var folder = package.appending(path: ".git")
    if let text = try? String(contentsOf: folder, encoding: .utf8), text.hasPrefix("gitdir: ") {
      let path = text.dropFirst("gitdir: ".count).trimmingCharacters(in: .newlines)
      folder = URL(filePath: path, relativeTo: package)
    }
    return ["HEAD", "logs/HEAD", "index"].map { folder.appending(path: $0) }
      .filter { FileManager.default.fileExists(atPath: $0.path) }
  }
}
