import Attention
import HDF5
import Kernels
import NN
import Torch

/// Parity with the published code: runs every entry of a golden file that the zoo implements.
public struct Verifier: Sendable {
  /// The bounds.
  public var tolerances: Tolerances
  /// How blocks and models run: on native kernels where they exist, or on operators only.
  public var computePath: ComputePath
  /// Where they run; to be made ready before.
  public var device: Device

  /// A verifier with the golden files' bounds, or a wider general one.
  public init(
    tolerances: Tolerances = Tolerances(), computePath: ComputePath = .portable,
    device: Device = .cpu
  ) {
    self.tolerances = tolerances
    self.computePath = computePath
    self.device = device
  }

  /// Compares everything in the file at `path`.
  ///
  /// - Throws: `HDF5Error` and ``GoldenError`` for a file that cannot be read or used; `TorchError` when
  ///   an operator refuses the stored shapes.
  public func verify(_ path: String) throws -> VerificationReport {
    let golden = try GoldenFile(path: path)
    var report = VerificationReport()
    for group in try golden.entries("attention") {
      let kind = group.name
      guard AttentionRegistry.kinds.contains(kind) else {
        report.notImplemented.append("attention/\(kind)")
        continue
      }
      report.checks += try AttentionVerifier(
        group: group, kind: kind, tolerances: tolerances, path: computePath, device: device
      ).run()
    }
    for group in try golden.entries("model") {
      // `softmax_dual` and the like: the mechanism, then what is special about the model. `attn_type`
      // of the published code carries sizes behind a dash.
      let type = try group.attribute("attn_type", as: String.self)
      let kind = String(type.prefix { $0 != "-" })
      guard AttentionRegistry.kinds.contains(kind) else {
        report.notImplemented.append("model/\(group.name)")
        continue
      }
      report.checks += try ModelVerifier(
        group: group, name: group.name, kind: kind, tolerances: tolerances, path: computePath,
        device: device
      ).run()
    }
    return report
  }
}
