import CKernels
import Diagnostics
import Foundation

/// Which variant of the native kernels runs: the best that the machine has, or the one that the
/// environment asks for. Results of two variants can differ in roundings.
public enum InstructionSet {
  /// The environment variable that asks for a variant.
  public static let variable = "SBM_INSTRUCTION_SET"

  /// The variant in use, such as `avx512vnni`.
  public static var current: String { String(cString: ck_instruction_set()) }

  /// The variants that this machine runs, from the plainest to the best.
  public static var available: [String] {
    (0..<ck_instruction_set_count()).map { String(cString: ck_instruction_set_name($0)) }
  }

  /// Makes sure that the variant asked for, if any, is one that runs here.
  ///
  /// - Throws: ``InstructionSetError``.
  public static func check() throws {
    guard let asked = ProcessInfo.processInfo.environment[variable], !available.contains(asked)
    else { return }
    throw InstructionSetError(asked: asked)
  }
}

/// The environment asks for a variant of the kernels that this machine does not run.
public struct InstructionSetError: ExitCodeProviding, CustomStringConvertible {
  /// What was asked for.
  public var asked: String

  /// What was asked for and what there is.
  public var description: String {
    "\(InstructionSet.variable)=\(asked): this machine runs "
      + "\(InstructionSet.available.formatted(.list(type: .and))); "
      + "leave the variable out to take the best."
  }

  /// The command was called wrongly.
  public var exitCode: ExitCode { .usage }
}
