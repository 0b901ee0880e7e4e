import Foundation
import Kernels
import RunLog
import Torch

/// Which variants of the native kernels and of libtorch's operators compute: those of two machines, or of one
/// under another environment, can differ in roundings.
public struct ArithmeticVariant: Equatable, Sendable {
  /// The kernels' variant, such as `avx2`; nil where a log does not tell.
  var kernels: String?
  /// libtorch's, such as `AVX2`; nil where a log does not tell.
  var operators: String?

  private static let operatorsVariable = "ATEN_CPU_CAPABILITY"
  /// libtorch's variants, from the plainest to the best.
  private static let operatorVariants = ["DEFAULT", "AVX2", "AVX512"]

  /// What computes in this process.
  static var current: ArithmeticVariant {
    ArithmeticVariant(kernels: InstructionSet.current, operators: Runtime.processorCapability)
  }

  init(kernels: String?, operators: String?) {
    self.kernels = kernels
    self.operators = operators
  }

  /// What a log's list of libraries says.
  init(_ libraries: [String]) {
    func named(_ prefix: String) -> String? {
      libraries.first { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    }
    self.init(kernels: named("kernels "), operators: named("operators "))
  }

  /// As a log's list of libraries has it.
  var libraries: [String] {
    [kernels.map { "kernels \($0)" }, operators.map { "operators \($0)" }].compactMap { $0 }
  }

  private var words: String { libraries.joined(separator: " and ") }

  /// Whether this process computes so, as far as it is known.
  private var isCurrent: Bool {
    let current = Self.current
    return (kernels ?? current.kernels, operators ?? current.operators)
      == (current.kernels, current.operators)
  }

  /// Whether a process of this machine can compute so.
  private var isAvailable: Bool {
    let places = [operators, Runtime.processorCapability].map { name in
      Self.operatorVariants.firstIndex { $0 == name }
    }
    let hasOperators: Bool
    if let wanted = places[0], let best = places[1] {
      hasOperators = wanted <= best
    } else {
      hasOperators = operators == nil || operators == Runtime.processorCapability
    }
    return hasOperators && kernels.map { InstructionSet.available.contains($0) } ?? true
  }

  /// Makes this process compute as the runs that it resumes were computed.
  ///
  /// Variants are chosen when a process starts: the program is started again, in this process's place, with the
  /// variables of the environment that ask for them. Where these are set already they stay.
  ///
  /// - Parameter files: the files of the runs to resume.
  /// - Returns: a sentence for each run that goes on with other variants than it was begun with.
  public static func adopt(from files: [RunFiles]) -> [String] {
    let others = files.compactMap { files in
      files.variantToResume.map { (files: files, variant: $0) }
    }.filter { !$0.variant.isCurrent }
    let environment = ProcessInfo.processInfo.environment
    let isFree =
      environment[InstructionSet.variable] == nil && environment[operatorsVariable] == nil
    if isFree, let first = others.first(where: { $0.variant.isAvailable })?.variant {
      if let kernels = first.kernels { setenv(InstructionSet.variable, kernels, 1) }
      if let operators = first.operators { setenv(operatorsVariable, operators.lowercased(), 1) }
      var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
      execv("/proc/self/exe", &arguments)
      // Not replaced: it goes on as it is, and says so.
      for argument in arguments { free(argument) }
    }
    return others.map {
      "\($0.files.log.path) was computed with \($0.variant.words), and goes on with "
        + "\(current.words): results can differ in roundings from those of an uninterrupted run"
    }
  }
}

extension RunFiles {
  /// What the run was computed with, if it was begun and has not finished.
  fileprivate var variantToResume: ArithmeticVariant? {
    guard FileManager.default.fileExists(atPath: checkpoint.path),
      let log = try? RunLog(reading: log.path), log.status != .finished
    else { return nil }
    return ArithmeticVariant(log.environment.libraries)
  }
}
