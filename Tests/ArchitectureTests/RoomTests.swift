import Foundation
import TestSupport
import Testing

/// The map of rooms in the README, the folders of `Sources`, the dependencies that `Package.swift` declares
/// and the imports of the files are one and the same.
@Suite struct RoomTests {
  /// What comes with the toolchain.
  private static let toolchain: Set<String> = [
    "Dispatch", "Foundation", "PackagePlugin", "PackageDescription", "Synchronization", "Testing",
  ]

  /// A target as `Package.swift` declares it.
  private struct Target {
    var name: String
    var folder: String
    var dependencies: Set<String>
  }

  private static func read(_ path: String) throws -> String {
    try String(contentsOf: TestProgram.package.appendingPathComponent(path), encoding: .utf8)
  }

  /// The targets with Swift sources, plugins aside.
  private static func targets() throws -> [Target] {
    // What only some builds have is imported under a condition, too.
    let text = try read("Package.swift")
      .replacing(#/,\s*condition: \.when\([^)]*\)/#, with: "")
    func names(_ list: Substring?) -> Set<String> {
      Set((list ?? "").matches(of: #/"(\w+)"/#).map { String($0.1) })
    }
    let modules = text.matches(of: #/ module\(\s*"(\w+)"(?:,\s*\[([^\]]*)\])?/#).map {
      Target(name: String($0.1), folder: "Sources/\($0.1)", dependencies: names($0.2))
    }
    let tests = text.matches(of: #/ tests\(\s*"(\w+)",\s*\[([^\]]*)\]/#).map {
      Target(name: String($0.1), folder: "Tests/\($0.1)", dependencies: names($0.2))
    }
    let others = text.matches(
      of: #/arget\(\s*name: "(\w+)",\s*(?:dependencies: \[([^\]]*)\],\s*)?path: "([\w\/]+)"/#
    ).map {
      Target(name: String($0.1), folder: String($0.3), dependencies: names($0.2))
    }
    return modules + tests + others
  }

  /// The modules that the Swift files of a folder import.
  private static func imports(_ folder: String) throws -> Set<String> {
    let root = TestProgram.package.appendingPathComponent(folder)
    let files = try #require(
      FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil))
    var found: Set<String> = []
    for case let file as URL in files where file.pathExtension == "swift" {
      let text = try String(contentsOf: file, encoding: .utf8)
      for line in text.matches(of: #/(?m)^ {0,2}(?:@testable |public |internal )?import (\w+)/#) {
        found.insert(String(line.1))
      }
    }
    return found
  }

  @Test func whatIsImportedIsDeclared() throws {
    let targets = try Self.targets()
    #expect(targets.count > 50)
    for target in targets {
      let imported = try Self.imports(target.folder).subtracting(Self.toolchain)
      // Tests that run a program need it built.
      let declared = target.dependencies.subtracting(["sbm", "ExtendedProgram"])
      #expect(
        imported == declared,
        """
        \(target.name) imports \(imported.subtracting(declared).sorted()) undeclared, declares \
        \(declared.subtracting(imported).sorted()) without need
        """)
    }
  }

  @Test func everyFolderIsATarget() throws {
    let text = try Self.read("Package.swift")
    let declared = Set(
      text.matches(of: #/(?:name: |module\(\s*|tests\(\s*)"(\w+)"/#).map { String($0.1) }
        + text.matches(of: #/path: "(?:Sources|Tests)\/(\w+)"/#).map { String($0.1) })
    for parent in ["Sources", "Tests"] {
      let folder = TestProgram.package.appendingPathComponent(parent)
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
        let hasSwift = try !Self.imports("\(parent)/\(name)").isEmpty
        if parent == "Sources" || hasSwift { #expect(declared.contains(name), "\(parent)/\(name)") }
      }
    }
  }

  /// The rooms of the README's map, from top to bottom.
  private static func map() throws -> [String] {
    let text = try read("README.md")
    let block = try #require(text.firstMatch(of: #/(?s)```\nSources\/\n(.*?)```/#)).1
    return block.split(separator: "\n").flatMap { line -> [String] in
      let words = line.split(separator: " ")
      // Names that share a line stand before two spaces.
      let names = line.drop { $0 == " " }.firstMatch(of: #/^(\w+(?: \w+)*?)(?:  |$)/#)?.1
      return line.hasPrefix("   ") || words.isEmpty
        ? [] : (names ?? "").split(separator: " ").map(String.init)
    }
  }

  @Test func theMapShowsEveryRoom() throws {
    let folders = try FileManager.default.contentsOfDirectory(
      atPath: TestProgram.package.appendingPathComponent("Sources").path)
    let map = try Self.map()
    #expect(map.sorted() == folders.sorted())
  }

  @Test func everyArrowPointsDown() throws {
    let map = try Self.map()
    let places = Dictionary(uniqueKeysWithValues: zip(map, map.indices))
    for target in try Self.targets() where target.folder.hasPrefix("Sources/") {
      guard let place = places[target.name] else { continue }
      for dependency in target.dependencies {
        let below = try #require(places[dependency], "\(dependency) is not on the map")
        #expect(below > place, "\(target.name) knows \(dependency), which stands above it")
      }
    }
  }

  /// The arrows of the map, `→ Models, Datasets` below a room: what it knows, but for what those know anyway.
  /// Of the program's two rooms, on one line, the arrows are those of `Commands`.
  @Test func theArrowsAreTheDependencies() throws {
    var knows: [String: Set<String>] = ["CKernels": ["CTorch"]]
    for target in try Self.targets() where target.folder.hasPrefix("Sources/") {
      knows[target.name] = target.dependencies
    }
    func reached(_ name: String) -> Set<String> {
      (knows[name] ?? []).reduce(into: []) { $0.formUnion(reached($1).union([$1])) }
    }
    let text = try Self.read("README.md")
    let block = try #require(text.firstMatch(of: #/(?s)```\nSources\/\n(.*?)```/#)).1
    var drawn: [String: Set<String>] = [:]
    var room = ""
    for line in block.split(separator: "\n") {
      let words = line.split { " ,".contains($0) }.map(String.init)
      if words[0] == "→" { drawn[room] = Set(words.dropFirst()) } else { room = words[0] }
    }
    drawn["Commands"] = drawn.removeValue(forKey: "sbm")
    for (name, known) in knows where name != "sbm" {
      let direct = known.filter { one in !known.contains { reached($0).contains(one) } }
      #expect(
        drawn[name] ?? [] == direct,
        "\(name): the README needs → \(direct.sorted().joined(separator: ", "))")
    }
  }

  /// libtorch's and the kernels' raw handles stay where they are owned.
  @Test func handlesStayInTheirRooms() throws {
    for target in try Self.targets() where target.folder.hasPrefix("Sources/") {
      let imported = try Self.imports(target.folder)
      #expect(!imported.contains("CTorch") || target.name == "Torch", "\(target.name)")
      #expect(!imported.contains("CKernels") || target.name == "Kernels", "\(target.name)")
    }
  }
}
