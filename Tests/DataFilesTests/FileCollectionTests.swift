import DataFiles
import Foundation
import TestSupport
import Testing

@Suite("Folders and archives")
struct FileCollectionTests {
  private static let files = [("a/1.txt", "one"), ("a/2.txt", ""), ("b.txt", "three\nlines\n\n")]
  private static let entries = files.map { ArchiveBuilder.Entry($0.0, $0.1) }

  private func contents(_ collection: any FileCollection) throws -> [String] {
    var found: [String] = []
    try collection.visit { entry in
      let text = String(decoding: try entry.readAll(limit: 100), as: UTF8.self)
      found.append("\(entry.path)=\(text)")
      return .next
    }
    return found
  }

  @Test("A folder, tar, tar.gz and zip hold the same files", arguments: ["", "tar", "gz", "zip"])
  func same(form: String) throws {
    let folder = try TemporaryFolder()
    var url = folder.url.appendingPathComponent("files")
    switch form {
    case "tar":
      // Folders are no files; "./" is no part of a name.
      let all =
        [ArchiveBuilder.Entry("./", type: "5"), .init("./a/", type: "5")]
        + Self.files.map { ArchiveBuilder.Entry("./\($0.0)", $0.1) }
      url = try folder.write("files.tar", ArchiveBuilder.tar(all))
    case "gz":
      url = try folder.write("x.tar.gz", ArchiveBuilder.gzip(ArchiveBuilder.tar(Self.entries)))
    case "zip": url = try folder.write("x.zip", ArchiveBuilder.zip(Self.files))
    default: for (path, text) in Self.files { try folder.write("files/\(path)", text.utf8) }
    }
    let collection = try FileCollections.open(url)
    #expect(try contents(collection) == Self.files.map { "\($0.0)=\($0.1)" })
    let lines = try collection.withFile("b.txt") { entry in
      var reader = entry.lines()
      var lines: [String] = []
      while let line = try reader.next() { lines.append(String(decoding: line, as: UTF8.self)) }
      return lines
    }
    #expect(lines == ["three", "lines", ""])
    let missing = #expect(throws: DataError.self) { try collection.withFile("c") { _ in } }
    #expect(missing?.kind == .missing && missing?.place == .entry("c"))
    let tooLong = #expect(throws: DataError.self) {
      try collection.withFile("b.txt") { _ = try $0.readAll(limit: 5) }
    }
    #expect(tooLong?.place == .entry("b.txt"))
    // A visit that stops does not look further.
    var visited = 0
    try collection.visit { _ in
      visited += 1
      return .stop
    }
    #expect(visited == 1)
  }

  /// Archives that are refused or damaged, and what the error says.
  private static let damaged: [(name: String, content: [UInt8], says: String)] = {
    let tar = ArchiveBuilder.tar(entries)
    let big = ArchiveBuilder.tar([.init("big", String(repeating: "x", count: 300_000))])
    let zip = ArchiveBuilder.zip(files)
    return [
      ("traversal", ArchiveBuilder.tar([.init("a/../../b", "x")]), "leads out of the archive"),
      ("parent", ArchiveBuilder.tar([.init("..", "x")]), "leads out of the archive"),
      ("backslashes", ArchiveBuilder.zip([("..\\b", "x")]), "leads out of the archive"),
      ("traversal in zip", ArchiveBuilder.zip([("../b", "x")]), "leads out of the archive"),
      ("absolute", ArchiveBuilder.tar([.init("/etc/passwd", "x")]), "an absolute path"),
      ("absolute in zip", ArchiveBuilder.zip([("/b", "x")]), "an absolute path"),
      ("drive", ArchiveBuilder.zip([("C:\\b", "x")]), "an absolute path"),
      (
        "symbolic link", ArchiveBuilder.tar([.init("s", type: "2", link: "/etc/passwd")]),
        "(s): the entry is a link"
      ),
      (
        "hard link", ArchiveBuilder.tar([.init("a", "x"), .init("h", type: "1", link: "a")]),
        "(h): the entry is a link"
      ),
      ("device", ArchiveBuilder.tar([.init("d", type: "3")]), "neither a file nor a folder"),
      ("folder above", ArchiveBuilder.tar([.init("../", type: "5")]), "leads out of the archive"),
      ("file without a name", ArchiveBuilder.tar([.init("./", "x")]), "."),
      ("twice", ArchiveBuilder.tar([.init("a", "x"), .init("./a", "y")]), "this entry twice"),
      ("tar cut in an entry", Array(big[..<200_000]), "(big): the archive is damaged or truncated"),
      ("tar cut between entries", Array(tar[..<1024]), "truncated: it has no end mark"),
      (
        "gzip cut", Array(ArchiveBuilder.gzip(big)[..<200_000]),
        "the archive is damaged or truncated: its end is missing"
      ),
      ("gzip cut at once", Array(ArchiveBuilder.gzip(tar)[..<40]), "."),
      ("zip cut", Array(zip[..<(zip.count - 30)]), "no tar or zip archive, or its end is missing"),
      ("zip of junk", Array(zip[..<20]) + Array(repeating: 7, count: 99), "no tar or zip"),
      ("text", Array("not an archive, just a line of text\n".utf8), "no tar or zip archive"),
      ("empty", [], "no tar or zip archive"),
    ]
  }()

  @Test(
    "An archive that is damaged or unsafe is refused by name and place", arguments: damaged.indices)
  func refused(index: Int) throws {
    let (name, content, says) = Self.damaged[index]
    let folder = try TemporaryFolder()
    let url = try folder.write("x.archive", content)
    let error = #expect(throws: DataError.self, "\(name)") {
      try FileCollections.open(url).visit { entry in
        while try entry.read() != nil {}
        return .next
      }
    }
    #expect(error?.kind == .malformed, "\(name)")
    #expect(error?.description.hasPrefix(url.path) == true, "\(name)")
    #expect(error?.description.contains(says) == true, "\(name): \(error?.description ?? "")")
  }

  @Test("Links are followed; one that leads in a circle is refused")
  func links() throws {
    let folder = try TemporaryFolder()
    try folder.write("real/a.txt", "x".utf8)
    let link = folder.url.appendingPathComponent("link")
    try FileManager.default.createSymbolicLink(
      atPath: link.path, withDestinationPath: folder.url.appendingPathComponent("real").path)
    #expect(try contents(FileCollections.open(link)) == ["a.txt=x"])
    #expect(try contents(FileCollections.open(folder.url)) == ["link/a.txt=x", "real/a.txt=x"])
    let text = try FileCollections.open(folder.url).withFile("link/a.txt") {
      try $0.readAll(limit: 9)
    }
    #expect(text == Array("x".utf8))
    func makeLink(_ path: String, to target: String) throws {
      try FileManager.default.createSymbolicLink(
        atPath: folder.url.appendingPathComponent(path).path, withDestinationPath: target)
    }
    try makeLink("real/b.txt", to: "a.txt")
    #expect(try contents(FileCollections.open(link)) == ["a.txt=x", "b.txt=x"])
    try makeLink("real/up", to: "..")
    let circle = #expect(throws: DataError.self) {
      try contents(FileCollections.open(folder.url))
    }
    #expect(circle?.place == .entry("link/up"))
    try FileManager.default.removeItem(at: link.appendingPathComponent("up"))
    try makeLink("real/gone", to: "nowhere")
    let gone = #expect(throws: DataError.self) { try contents(FileCollections.open(link)) }
    #expect(gone?.kind == .missing && gone?.place == .entry("gone"))
  }

  @Test("Nothing there")
  func nothing() throws {
    let error = #expect(throws: DataError.self) {
      try FileCollections.open(URL(fileURLWithPath: "/nowhere/at/all"))
    }
    #expect(error?.kind == .missing)
  }

  /// libarchive 3.6 reads on.
  @Test("Every flipped bit of a gzip archive is found out, whatever is asked for", arguments: 0..<8)
  func gzipBits(bit: UInt8) throws {
    let folder = try TemporaryFolder()
    let whole = ArchiveBuilder.gzip(ArchiveBuilder.tar(Self.entries))
    // The header's flags, time and system say nothing of the content.
    for index in [0, 1, 2] + Array(10..<whole.count) {
      var bytes = whole
      // Behind the first three bits of a block that is stored as it is nothing is read of that byte.
      guard index != 10 || bit < 3 else { continue }
      bytes[index] ^= 1 << bit
      let url = try folder.write("x.tar.gz", bytes)
      #expect(throws: DataError.self, "byte \(index)") {
        try FileCollections.open(url).withFile("a/1.txt") { _ = try $0.readAll(limit: 100) }
      }
    }
  }

  @Test("What comes after the entry asked for is looked at too", arguments: ["tar", "gz", "zip"])
  func entriesBehind(form: String) throws {
    let folder = try TemporaryFolder()
    let entries = Self.entries + [ArchiveBuilder.Entry("../out.txt", "x")]
    let url =
      switch form {
      case "tar": try folder.write("x.tar", ArchiveBuilder.tar(entries))
      case "gz": try folder.write("x.tar.gz", ArchiveBuilder.gzip(ArchiveBuilder.tar(entries)))
      default: try folder.write("x.zip", ArchiveBuilder.zip(Self.files + [("../out.txt", "x")]))
      }
    let error = #expect(throws: DataError.self) {
      try FileCollections.open(url).withFile("a/1.txt") { _ in }
    }
    #expect(error?.problem.contains("leads out of the archive") == true)
  }

  @Test("An entry that unpacks to gigabytes is refused, needed or not")
  func bomb() throws {
    let folder = try TemporaryFolder()
    let url = folder.url("x.tar.gz")
    // 1.5 GB of zeros behind a small file, some megabytes packed.
    let script = """
      cd "$1" && echo one >one.txt && truncate -s 1500M zeros && tar -cf - one.txt zeros | gzip -6 >x.tar.gz
      """
    let made = try TestProgram.run(
      URL(fileURLWithPath: "/bin/bash"), ["-c", script, "bash", folder.url.path])
    try #require(made.exitCode == 0, "\(made.errors)")
    let error = #expect(throws: DataError.self) {
      try FileCollections.open(url).withFile("one.txt") { _ = try $0.readAll(limit: 100) }
    }
    #expect(error?.problem.contains("unpacks to more than") == true)
  }

  @Test("An xz that wants a dictionary of gigabytes is refused")
  func dictionary() throws {
    // 1,000 letters x, and 1.5 GiB of dictionary in the block's header.
    let bytes: [UInt8] = [
      0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46, 0x02, 0x00, 0x21,
      0x01,
      0x25, 0x00, 0x00, 0x00, 0x3b, 0x78, 0x7b, 0x41, 0xe0, 0x03, 0xe7, 0x00, 0x0b, 0x5d, 0x00,
      0x3c,
      0x6f, 0xfb, 0xbf, 0xfe, 0xa3, 0xb0, 0xb9, 0xa6, 0x56, 0x00, 0x00, 0x00, 0x85, 0x58, 0xcd,
      0x6b,
      0x4d, 0xd7, 0xf2, 0xc1, 0x00, 0x01, 0x27, 0xe8, 0x07, 0x00, 0x00, 0x00, 0xf4, 0x55, 0x8f,
      0x5c,
      0xb1, 0xc4, 0x67, 0xfb, 0x02, 0x00, 0x00, 0x00, 0x00, 0x04, 0x59, 0x5a,
    ]
    let folder = try TemporaryFolder()
    let file = folder.url("x.tar.xz")
    try Data(bytes).write(to: file)
    let error = #expect(throws: DataError.self) {
      try FileCollections.open(file).visit { _ in .next }
    }
    #expect(error?.problem.contains("asks for more than 256 MB of memory") == true, "\(error)")
  }

  @Test("Pipes are no files")
  func pipes() throws {
    let folder = try TemporaryFolder()
    let url = folder.url("pipe.tar")
    #expect(mkfifo(url.path, 0o600) == 0)
    let error = #expect(throws: DataError.self) {
      try FileCollections.open(url).visit { _ in .next }
    }
    #expect(error?.problem == "this is no regular file")
  }
}
