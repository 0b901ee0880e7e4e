// swift-tools-version: 6.2
import Foundation
import PackageDescription

// MARK: libtorch
// `make deps` unpacks libtorch into .deps/libtorch; LIBTORCH=/path selects another build.

let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
let libtorch = ProcessInfo.processInfo.environment["LIBTORCH"] ?? "\(root)/.deps/libtorch"
let supportedLibtorch = "2.13."

/// Stops the build, saying how to get a libtorch that fits.
func stop(_ problem: String) -> Never {
  let message = """

    error: \(problem)
    Run `make deps` to install libtorch \(supportedLibtorch)0 into .deps/libtorch,
    or set LIBTORCH=/path to an unpacked libtorch \(supportedLibtorch)x.


    """
  FileHandle.standardError.write(Data(message.utf8))
  exit(1)
}

let versionHeader = "\(libtorch)/include/torch/headeronly/version.h"
guard let version = try? String(contentsOfFile: versionHeader, encoding: .utf8) else {
  stop("no libtorch at \(libtorch) (\(versionHeader) cannot be read)")
}
guard version.contains("#define TORCH_VERSION_MAJOR 2\n"),
  version.contains("#define TORCH_VERSION_MINOR 13\n")
else {
  stop("the libtorch at \(libtorch) is not version \(supportedLibtorch)x")
}
let hasCUDA = FileManager.default.fileExists(atPath: "\(libtorch)/lib/libtorch_cuda.so")

// MARK: Flags

/// Our own code has no warnings: one is an error.
let swift: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// Headers of libtorch count as system headers, so that only our own code can warn.
let cxx: [CXXSetting] = [
  .unsafeFlags([
    "-isystem", "\(libtorch)/include",
    "-isystem", "\(libtorch)/include/torch/csrc/api/include",
    "-Wall", "-Wextra", "-Werror", "-fno-math-errno", "-ffp-contract=fast",
    // Optimized in debug builds too: tests run the kernels on real sizes.
    "-O3",
  ])
]

/// The rpath lets the program find libtorch where the build found it.
let linkTorch: [LinkerSetting] = [
  .unsafeFlags(["-L\(libtorch)/lib", "-Xlinker", "-rpath", "-Xlinker", "\(libtorch)/lib"]),
  .linkedLibrary("torch"), .linkedLibrary("torch_cpu"), .linkedLibrary("c10"),
  .linkedLibrary("stdc++"),
  // libtorch_cuda registers its operators when it is loaded; nothing refers to it by name.
  .unsafeFlags(hasCUDA ? ["-Xlinker", "--no-as-needed", "-ltorch_cuda", "-lc10_cuda"] : []),
]

// MARK: Targets

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: swift)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = [])
  -> Target
{
  .testTarget(
    name: name, dependencies: dependencies, resources: resources, swiftSettings: swift)
}

let package = Package(
  name: "SBMTransformer",
  products: [.executable(name: "sbm", targets: ["sbm"])],
  targets: [
    // System libraries
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(
      name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),

    // C++ behind C headers
    .target(name: "CTorch", cxxSettings: cxx, linkerSettings: linkTorch),
    .target(name: "CKernels", dependencies: ["CTorch"], cxxSettings: cxx),

    // Pure values
    module("Diagnostics"),
    module("Randomness"),
    module("Tokenization"),
    module("Experiments", ["CYAML", "Diagnostics"]),
    module("Arguments", ["Diagnostics"]),
    module("Terminal"),

    // Tensors and models
    module("Torch", ["CTorch", "Randomness"]),
    module("NN", ["Torch", "CKernels"]),
    module("Attention", ["NN", "CKernels", "Diagnostics"]),
    module("Models", ["Attention", "NN"]),

    // Files
    module("AtomicFiles"),
    module("HDF5", ["CHDF5", "AtomicFiles", "Diagnostics"]),
    module(
      "Datasets",
      [
        "Tokenization", "HDF5", "AtomicFiles", "Randomness", "Diagnostics", "CArchive", "CPNG",
      ]),
    module("RunLog", ["HDF5", "Diagnostics"]),

    // The harness
    module(
      "Training", ["Models", "Datasets", "RunLog", "Experiments", "HDF5", "Diagnostics"]),
    module("Verification", ["Models", "HDF5", "Diagnostics"]),
    module(
      "Benchmarks", ["Training", "Models", "Attention", "NN", "Torch", "Datasets", "Randomness"]),
    module("Reports", ["RunLog", "HDF5", "Diagnostics"]),
    module(
      "Inspection",
      [
        "Training", "Reports", "Models", "Attention", "NN", "Torch", "Datasets", "RunLog",
        "Diagnostics",
      ]),
    .executableTarget(
      name: "sbm",
      dependencies: [
        "Arguments", "Attention", "Benchmarks", "Diagnostics", "Experiments", "Tokenization",
        "Datasets", "Torch",
        "Terminal", "Training", "Verification", "RunLog", "Reports", "Inspection",
      ],
      swiftSettings: swift, plugins: ["CodeVersion"]),
    .plugin(
      name: "CodeVersion", capability: .buildTool(), path: "Sources/CodeVersion",
      exclude: ["commit.sh"]),

    // MARK: Tests
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: swift),
    tests("DiagnosticsTests", ["Diagnostics"]),
    tests("ArgumentsTests", ["Arguments", "Diagnostics"]),
    tests("TerminalTests", ["Terminal"]),
    tests("ExperimentsTests", ["Experiments", "Datasets", "Randomness", "TestSupport"]),
    tests("CLITests", ["sbm", "RunLog", "HDF5", "Datasets", "TestSupport"]),
    tests("ResumeTests", ["sbm", "RunLog", "HDF5", "TestSupport"]),
    tests("RandomnessTests", ["Randomness"]),
    tests(
      "DatasetsTests", ["Datasets", "Tokenization", "Randomness", "HDF5"],
      resources: [.copy("Fixtures")]),
    tests("TokenizationTests", ["Tokenization"], resources: [.copy("Fixtures")]),
    tests("TorchTests", ["Torch", "Randomness"]),
    tests("NNTests", ["NN", "Torch", "Randomness"]),
    tests("ModelsTests", ["Attention", "Models", "NN", "Torch", "Randomness"]),
    tests("VerificationTests", ["Verification", "NN"]),
    tests("AttentionTests", ["Attention", "CKernels", "Models", "NN", "Torch", "Randomness"]),
    tests("KernelTests", ["CKernels", "Torch", "Randomness"]),
    tests("BenchmarksTests", ["Benchmarks"]),
    tests("LayerKernelTests", ["CKernels", "NN", "Torch", "Randomness"]),
    tests("SamplerTests", ["Attention", "NN", "Torch", "Randomness"]),
    tests(
      "TrainingTests",
      [
        "Training", "Experiments", "RunLog", "HDF5", "Models", "NN", "Datasets", "Torch",
        "Randomness", "TestSupport",
      ]),
    tests("HDF5Tests", ["HDF5", "Diagnostics"], resources: [.copy("Fixtures")]),
    tests("ReportsTests", ["Reports", "RunLog", "TestSupport"]),
    tests("RunLogTests", ["RunLog", "HDF5"]),
    tests(
      "InspectionTests",
      ["Inspection", "Attention", "Datasets", "Models", "NN", "Torch", "Randomness"]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx20
)
