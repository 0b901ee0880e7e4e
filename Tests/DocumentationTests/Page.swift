import Foundation
import TestSupport
import Testing

/// A Markdown file of the package.
struct Page: Sendable, CustomTestStringConvertible {
  /// Where it is, from the package's folder.
  let path: String
  /// Its lines.
  let lines: [Substring]

  var testDescription: String { path }

  /// A fenced block.
  struct Block: Sendable, CustomTestStringConvertible {
    /// The page, and the line of the opening fence from 1.
    let path: String, line: Int
    /// The word after the fence; empty if none.
    let language: String
    /// What stands between the fences.
    let text: String

    var testDescription: String { "\(path):\(line)" }
  }

  /// Every page: those of the top folder, and those beside the code.
  static let all: [Page] = {
    var paths = ["README.md", "CHANGELOG.md", ".github/CONTRIBUTING.md", "results/README.md"]
    let sources = FileManager.default.enumerator(
      atPath: TestProgram.package.appendingPathComponent("Sources").path)
    for case let path as String in sources! where path.hasSuffix(".md") {
      paths.append("Sources/\(path)")
    }
    return paths.sorted().map { path in
      let url = TestProgram.package.appendingPathComponent(path)
      let text = (try? String(contentsOf: url, encoding: .utf8)) ?? ""
      return Page(path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
    }
  }()

  /// The fenced blocks of all pages.
  static let blocks = all.flatMap(\.blocks)

  /// The blocks in one of these languages.
  static func blocks(_ languages: String...) -> [Block] {
    blocks.filter { languages.contains($0.language) }
  }

  /// The fenced blocks, in their order.
  var blocks: [Block] {
    var found: [Block] = []
    var open: (line: Int, indent: Int, language: String, text: [Substring])?
    for (index, line) in lines.enumerated() {
      let indent = line.prefix { $0 == " " }.count
      let content = line.dropFirst(indent)
      if content.hasPrefix("```") {
        if let block = open {
          found.append(
            Block(
              path: path, line: block.line, language: block.language,
              text: block.text.joined(separator: "\n")))
          open = nil
        } else {
          open = (index + 1, indent, String(content.dropFirst(3)), [])
        }
      } else if let block = open {
        open?.text.append(line.dropFirst(min(indent, block.indent)))
      }
    }
    if let open { fatalError("\(path):\(open.line): the block has no end") }
    return found
  }

  /// The targets of the links outside of blocks that name a file, with their lines.
  var fileLinks: [(line: Int, target: String)] {
    var links: [(Int, String)] = []
    var isBlock = false
    for (index, line) in lines.enumerated() {
      if line.drop(while: { $0 == " " }).hasPrefix("```") { isBlock.toggle() }
      guard !isBlock else { continue }
      for link in line.matches(of: /\]\(([^)\s]+)\)/) where !link.1.contains("://") {
        links.append((index + 1, String(link.1)))
      }
    }
    return links
  }
}
