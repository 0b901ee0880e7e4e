import Arguments
import Diagnostics
import Foundation
import Presentation
import Reports
import RunLog

/// `sbm report`: logs to tables, figures, one page.
struct ReportCommand: Command {
  static let name = "report"
  static let abstract = "Set logs beside the paper's results: tables, figures, one HTML page."
  static let discussion = """
    Reads run logs (.h5) and benchmarks (.jsonl, printed by sbm bench --json); of folders, all \
    below them. A file that cannot be read is named on standard error and left out; the report of \
    the others is still written, and the exit code is 65 (74 if the file could not be opened). \
    Runs that have not finished are listed with what they have so far, marked, and count in no result.
    """
  static let parameters: [any AnyParameter] = [
    inputs, format, summary, full, out, figures,
  ]

  private static let inputs = Parameter<[String]>.arguments(
    "logs", isOptional: true,
    help: "Folders, run logs, benchmark files and names of runs below results. (default: results)")
  private static let format = Parameter<Report.Format?>.option(
    "format",
    help: "The format. The default goes by the name of --out; without, it is text.")
  private static let summary = Parameter<Bool>.flag(
    "summary",
    help:
      "One table for all runs in text, Markdown and LaTeX: results beside guessing, density, time, verdict."
  )
  private static let full = Parameter<Bool>.flag(
    "full",
    help:
      "All tables: others' results beside runs that are not at the published settings too, and costs."
  )
  private static let out = Parameter<String?>.option(
    "out", value: "path", help: "Write to this file instead of standard output.")

  private static let figures = Parameter<String?>.option(
    "figures", value: "folder",
    help: "Write each figure of the page into this folder too, as SVG and as PDF.")

  private let names: [String]
  private let format: Report.Format
  private let extent: Report.Extent
  private let outputPath: String?
  private let figureFolder: String?

  init(_ arguments: ParsedArguments) throws {
    names = arguments[Self.inputs]
    guard !(arguments[Self.full] && arguments[Self.summary]) else {
      throw ValidationError("--full asks for all tables, --summary for one. Give one of them.")
    }
    extent = arguments[Self.full] ? .full : arguments[Self.summary] ? .summary : .compact
    outputPath = arguments[Self.out]
    figureFolder = arguments[Self.figures]
    format = try arguments[Self.format] ?? outputPath.map(Self.format(of:)) ?? .text
  }

  private static func format(of path: String) throws -> Report.Format {
    let suffix = URL(fileURLWithPath: path).pathExtension
    switch suffix.lowercased() {
    case "", "txt", "text": return .text
    case "html", "htm": return .html
    case "md", "markdown": return .markdown
    case "csv": return .csv
    case "tex": return .latex
    case "json", "jsonl": return .json
    default:
      throw ValidationError(
        "No format of a report is written to '.\(suffix)' files. Give --format or another name.")
    }
  }

  func run() throws {
    let paths = names.isEmpty ? ["results"] : try names.map(RunLookup.pathOrRun)
    let input = ReportInput(reading: paths, life: RunLife.of)
    for problem in input.problems { Output.warn("warning: \(problem)") }
    if input.runs.isEmpty && input.benchmarks.isEmpty {
      throw NothingToReport(paths: paths, exitCode: input.exitCode ?? .badInput)
    }
    let report = Report(input)
    if let figureFolder { try writeFigures(of: report, to: figureFolder) }
    let text = report.render(format, extent: extent) { Output.warn($0) }
    if let outputPath {
      if try Output.file(Array(text.utf8), to: outputPath) { Output.warn("Wrote \(outputPath)") }
    } else {
      try Output.write(text)
    }
    if let exitCode = input.exitCode { throw Ending(exitCode: exitCode) }
  }
}

extension ReportCommand {
  private func writeFigures(of report: Report, to folder: String) throws {
    let files = try report.figureFiles { Output.warn($0) }
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true)
    for file in files { try Output.file(file.bytes, to: "\(folder)/\(file.name)") }
    let count = files.count / FigureFile.allCases.count
    Output.warn("Wrote \(count) \(count == 1 ? "figure" : "figures") to \(folder), as SVG and PDF")
  }
}

extension Report.Format: ArgumentValue {}

/// There is no log and no benchmark in what was named.
private struct NothingToReport: Error, CustomStringConvertible, ExitCodeProviding {
  let paths: [String]
  let exitCode: ExitCode
  var description: String {
    "No run log (.h5) and no benchmark (.jsonl) in \(paths.joined(separator: ", ")). "
      + "sbm run writes logs."
  }
}
