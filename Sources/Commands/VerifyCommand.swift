import Arguments
import Diagnostics
import Foundation
import Torch
import Verification

/// `sbm verify`: parity with the published code.
struct VerifyCommand: Command {
  static let name = "verify"
  static let abstract = "Compare the model zoo with numbers of the published code."
  static let discussion = """
    Runs every entry of a golden file that the zoo implements (attention blocks: values and all \
    gradients; whole models: the loss, learning rate and beta1 of each step, the first gradients, \
    the final parameters) and prints one row a check with its largest error, relative to the \
    largest golden value (at least 0.1). Exits with 1 if an error exceeds its bound.

    With --against, the first file is a run's log: it must tell of the same computation as the second one's, \
    to the bit, but for times and machines; with --losses, the training losses of both may differ by so much.
    """
  static let parameters: [any AnyParameter] = [
    file, tolerance, native, deviceName, against, losses, json,
  ]

  private static let file = Parameter<String?>.argument(
    "golden",
    help:
      "A golden file (HDF5), laid out as Tests/Fixtures/README.md says. (default: the one that ships with "
      + "the program)")
  private static let tolerance = Parameter<Double>.option(
    "tolerance", value: "error", default: 1e-5,
    help: "The largest error that passes. What float32 itself leaves uncertain has a wider bound.",
    check: { $0 > 0 ? nil : "It must be positive." })
  private static let native = Parameter<Bool>.flag(
    "native",
    help: "Run on the native kernels, where a mechanism has them, instead of libtorch's operators.")
  private static let deviceName = DeviceOption.parameter
  private static let against = Parameter<String?>.option(
    "against", value: "log", help: "Compare two runs' logs instead.")
  private static let losses = Parameter<Double?>.option(
    "losses", value: "difference",
    help: "With --against: compare the training losses alone.",
    check: { $0 > 0 ? nil : "It must be positive." })
  private static let json = Parameter<Bool>.flag("json", help: "Print one JSON object a line.")

  private let path: String?
  private let tolerance: Double
  private let isNative: Bool
  private let device: String
  private let comparison: RunComparison?
  private let json: Bool

  init(_ arguments: ParsedArguments) throws {
    path = arguments[Self.file]
    tolerance = arguments[Self.tolerance]
    isNative = arguments[Self.native]
    device = arguments[Self.deviceName]
    let bound = arguments[Self.losses]
    let other = arguments[Self.against]
    guard other == nil || path != nil else {
      throw ValidationError("'--against' compares two logs: name the first one before it.")
    }
    comparison = path.flatMap { first in
      other.map { RunComparison(first: first, second: $0, lossTolerance: bound) }
    }
    guard bound == nil || comparison != nil else {
      throw ValidationError("'--losses' goes with '--against'.")
    }
    json = arguments[Self.json]
  }

  func run() throws {
    if let comparison { return try comparison.run() }
    try DeviceOption.require(Device(name: device))
    let verifier = Verifier(
      tolerances: Tolerances(general: tolerance),
      computePath: isNative || device != "cpu" ? .native : .portable, device: Device(name: device))
    guard let golden = path ?? ShippedFixture.path() else {
      throw ValidationError(
        "No golden file lies with this program. Name one, such as Tests/Fixtures/golden.h5 of its sources."
      )
    }
    if path == nil { Output.warn("Comparing with \(golden)") }
    let report = try verifier.verify(golden)
    try json ? printJSON(report) : printRows(report)
    if !report.passes { throw Ending(exitCode: .failure) }
  }

  private func printRows(_ report: VerificationReport) throws {
    let names = report.checks.map { "\($0.entry)  \($0.quantity)" }
    let width = names.map(\.count).max() ?? 0
    for (name, check) in zip(names, report.checks) {
      let padded = name.padding(toLength: width, withPad: " ", startingAt: 0)
      let numbers = String(format: "%9.2e  (bound %.0e)", check.error, check.bound)
      try Output.line("\(check.passes ? "ok  " : "FAIL")  \(padded)  \(numbers)")
    }
    for entry in report.notImplemented { try Output.line("--    \(entry)  not implemented") }
    let failed = report.checks.count { !$0.passes }
    try Output.line(
      "\(report.checks.count - failed) checks within their bounds, \(failed) beyond, "
        + "\(report.notImplemented.count) entries not implemented")
  }

  private func printJSON(_ report: VerificationReport) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    for check in report.checks {
      let row = JSONRow(
        entry: check.entry, quantity: check.quantity, error: check.error, bound: check.bound,
        status: check.passes ? "ok" : "fail")
      try Output.json(String(decoding: encoder.encode(row), as: UTF8.self))
    }
    for entry in report.notImplemented {
      let row = JSONRow(
        entry: entry, quantity: nil, error: nil, bound: nil, status: "not implemented")
      try Output.json(String(decoding: encoder.encode(row), as: UTF8.self))
    }
  }

  private struct JSONRow: Encodable {
    var entry: String
    var quantity: String?
    var error: Double?
    var bound: Double?
    var status: String
  }
}
