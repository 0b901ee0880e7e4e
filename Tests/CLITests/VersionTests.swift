import Foundation
import TestSupport
import Testing

/// The version names the commit that was built.
@Suite("Version") struct VersionTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func theProgramNamesItsCommit() throws {
    let version = try TestProgram.sbm("--version").output
    #expect(version.wholeMatch(of: /sbm \d+\.\d+\.\d+(\+[0-9a-f]{7,}(-dirty)?)?\n/) != nil)
    let isClone =
      try TestProgram.shell(
        "[ \"$(git rev-parse --show-toplevel)\" -ef . ]", in: TestProgram.package
      ).exitCode == 0
    #expect(version.contains("+") == isClone, "\(version)")
  }

  /// Runs the build's script on a package in `path`, as every build does.
  private func commit(_ path: String) throws -> String {
    let script = TestProgram.package.appendingPathComponent("Sources/CodeVersion/commit.sh").path
    let result = try TestProgram.shell("sh '\(script)' \(path) CodeCommit.swift", in: folder.url)
    #expect(result.exitCode == 0 && result.errors.isEmpty, "\(result.errors)")
    let text = try String(contentsOf: folder.url("CodeCommit.swift"), encoding: .utf8)
    let found = try #require(text.firstMatch(of: /let codeCommit = "(.*)"\n/))
    return String(found.1)
  }

  private func git(_ line: String) throws {
    let result = try TestProgram.shell(
      "cd package && git -c user.name=a -c user.email=a@b \(line)", in: folder.url)
    try #require(result.exitCode == 0, "\(result.errors)")
  }

  @Test func whatGitSaysIsWrittenWhenItChanges() throws {
    for path in [
      "package/Sources", "package/Sources/Room/Room.docc", "package/results", "package/inner",
    ] {
      try FileManager.default.createDirectory(
        at: folder.url(path), withIntermediateDirectories: true)
    }
    // No clone: a tarball.
    #expect(try commit("package") == "")
    try folder.write("a", to: "package/Sources/a.swift")
    try folder.write("", to: "package/Package.swift")
    try folder.write("log", to: "package/results/log")
    try git("init -q")
    try git("add .")
    try git("commit -qm first")
    let first = try commit("package")
    #expect(first.count >= 7 && first.allSatisfy(\.isHexDigit))
    // A package that only lies in a clone of something else.
    #expect(try commit("package/inner") == "")
    #expect(try commit("package") == first)
    let stamp = {
      try self.folder.url("CodeCommit.swift").resourceValues(forKeys: [.contentModificationDateKey])
        .contentModificationDate
    }
    let written = try stamp()
    try folder.write("another log", to: "package/results/log")
    try folder.write("a page", to: "package/Sources/Room/Room.docc/Page.md")
    #expect(try commit("package") == first)
    #expect(try stamp() == written)
    try folder.write("b", to: "package/Sources/b.swift")
    #expect(try commit("package") == first + "-dirty")
    try git("add .")
    try git("commit -qm second")
    let second = try commit("package")
    #expect(second != first && !second.contains("dirty"))
  }
}
