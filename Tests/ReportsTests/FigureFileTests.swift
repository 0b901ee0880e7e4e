import Foundation
import Presentation
import Reports
import RunLog
import TestSupport
import Testing

/// `sbm report --figures`: every figure of the page as SVG and PDF.
@Suite struct FigureFileTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      at: folder.url("logs"), withIntermediateDirectories: true)
  }

  private func write(_ log: RunLog) throws {
    try log.write(to: folder.url("logs/\(log.labels.mechanism)-\(log.labels.seed).h5").path)
  }

  private func report(_ arguments: String...) throws -> ProgramResult {
    try TestProgram.run(TestProgram.sbm, ["report"] + arguments, in: folder.url)
  }

  private func drawings() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.url("figures").path).sorted()
  }

  @Test func figuresStandAlone() throws {
    for seed in 0..<2 {
      try write(makeLog(seed: UInt64(seed)))
      try write(makeLog(mechanism: "sbm", seed: UInt64(seed), accuracy: 0.3, density: 0.2))
    }
    let result = try report("logs", "--figures", "figures")
    #expect(result.exitCode == 0 && result.output.contains("softmax"), "\(result.errors)")
    let names = try drawings()
    #expect(
      result.errors.contains("Wrote \(names.count / 2) figures to figures, as SVG and PDF"),
      "\(result.errors)")
    // A figure of the page, a pair of files.
    let page = try report("logs", "--format", "html").output
    #expect(names.count == 2 * (page.components(separatedBy: "<figure>").count - 1))
    #expect(names.contains("listops-lra-published-accuracy-on-dev.svg"), "\(names)")
    for name in names {
      let bytes = try Data(contentsOf: folder.url("figures/\(name)"))
      if name.hasSuffix(".pdf") {
        #expect(bytes.starts(with: Array("%PDF-".utf8)) && bytes.count > 2000, "\(name)")
        continue
      }
      let text = String(decoding: bytes, as: UTF8.self)
      #expect(text.hasPrefix("<?xml") && text.contains("</svg>"))
      // Colours of its own, not a page's.
      #expect(!text.contains("var(--") && text.contains("rgb("), "\(name)")
    }
    let dev = try String(
      contentsOf: folder.url("figures/listops-lra-published-accuracy-on-dev.svg"), encoding: .utf8)
    for words in ["Accuracy on dev", "training step", "accuracy, %", "softmax", "sbm"] {
      #expect(dev.contains(words), "\(words)")
    }
    // Softmax is blue, and what guessing scores has a line and a name.
    #expect(dev.contains(#/rgb\(\s*0,\s*114,\s*178\)/#) && dev.contains("guessing: 10.00"))
  }

  /// Names in logs of others are text, whatever they say.
  @Test func namesAreNoCommands() throws {
    let name = "x' ; system('touch owned'); print `touch owned` \" @m \\n"
    try write(makeLog(mechanism: "softmax", variant: name, experiment: name))
    try write(makeLog(mechanism: "sbm", variant: name + "2", experiment: name, density: 0.2))
    let result = try report("logs", "--figures", "figures")
    #expect(result.exitCode == 0, "\(result.errors)")
    let names = try drawings()
    #expect(
      !names.isEmpty
        && names.allSatisfy { $0.allSatisfy { $0.isLetter || $0.isNumber || "-.".contains($0) } })
    #expect(!FileManager.default.fileExists(atPath: folder.url("owned").path))
    let loss = try #require(names.first { $0.hasSuffix("training-loss.svg") })
    let text = try String(contentsOf: folder.url("figures/\(loss)"), encoding: .utf8)
    #expect(
      text.contains("x’ ; system(’touch owned’); print ‘touch owned‘"), "\(text.prefix(4000))")
  }
}
