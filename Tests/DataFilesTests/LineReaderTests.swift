import DataFiles
import Foundation
import TestSupport
import Testing

@Suite("Lines of a text")
struct LineReaderTests {
  /// The lines of a text that arrives in `pieces`.
  func lines(_ pieces: [String], limit: Int = 1 << 20) throws -> [String] {
    var left = pieces[...]
    var reader = LineReader(
      maximumLineBytes: limit, place: { ("text", .line($0)) },
      read: { left.popFirst().map { Array($0.utf8) } })
    var lines: [String] = []
    while let line = try reader.next() {
      lines.append(String(decoding: line, as: UTF8.self))
      #expect(reader.line == lines.count)
    }
    return lines
  }

  @Test(
    "Lines do not depend on how the text is cut into pieces",
    arguments: [
      (["a\nb\n"], ["a", "b"]), (["a", "\nb", "\n"], ["a", "b"]), (["a\r", "\nb"], ["a", "b"]),
      (["\n\n"], ["", ""]), ([""], []), ([], []), (["a\n", "", "b"], ["a", "b"]),
      (["a\rb\n"], ["a\rb"]), (["\u{FEFF}a\n\u{FEFF}b"], ["a", "\u{FEFF}b"]),
    ])
  func pieces(pieces: [String], expected: [String]) throws {
    #expect(try lines(pieces) == expected)
  }

  @Test("A line may be as long as the limit, and no longer")
  func limit() throws {
    #expect(try lines(["1234", "5678\n9"], limit: 8) == ["12345678", "9"])
    let error = #expect(throws: DataError.self) { try lines(["1\n1234", "56789\n"], limit: 8) }
    #expect(error?.place == .line(2))
    #expect(error?.kind == .malformed)
  }

  @Test("An endless line is given up after the limit, not read into memory")
  func endless() {
    var delivered = 0
    let piece = [UInt8](repeating: 7, count: 1 << 16)
    var reader = LineReader(
      maximumLineBytes: 1 << 20, place: { ("text", .line($0)) },
      read: {
        delivered += piece.count
        return piece
      })
    #expect(throws: DataError.self) { try reader.next() }
    #expect(delivered < 2 << 20)
  }

  @Test("A file that cannot be read says why")
  func unreadable() throws {
    let folder = try TemporaryFolder()
    let missing = #expect(throws: DataError.self) {
      try LineReader(folder.url.appendingPathComponent("none.tsv"))
    }
    #expect(missing?.kind == .missing)
    #expect(missing?.exitCode == .badInput)
    let directory = #expect(throws: DataError.self) { try LineReader(folder.url) }
    #expect(directory?.kind == .malformed)
    #expect(directory?.problem == "this is no regular file")
  }
}
