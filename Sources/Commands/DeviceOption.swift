import Arguments
import Diagnostics
import Experiments
import Torch

/// The option that names a device.
enum DeviceOption {
  static let parameter = Parameter<String>.option(
    "device", value: "name", default: "cpu", help: "Where to compute: cpu, cuda or cuda:<index>.",
    check: {
      RunConfiguration.isDeviceName($0) ? nil : "It must be cpu, cuda or cuda:<index>."
    })

  /// Makes a device usable before anything is computed.
  ///
  /// - Throws: ``UnusableDevice``.
  static func require(_ device: Device) throws {
    do {
      try device.makeReady()
    } catch let error as TorchError {
      throw UnusableDevice(name: device.name, problem: error.message)
    }
  }
}

/// A device that is not there.
struct UnusableDevice: ExitCodeProviding, CustomStringConvertible {
  let name: String
  let problem: String

  var description: String { "device \(name): \(problem); or use --device cpu" }

  var exitCode: ExitCode { .badInput }
}
