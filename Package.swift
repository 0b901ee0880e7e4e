// swift-tools-version: 6.2
import Foundation
import PackageDescription

// MARK: libtorch
// `make deps` unpacks libtorch into .deps/libtorch; LIBTORCH=/path selects another build.

let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
let libtorch = ProcessInfo.processInfo.environment["LIBTORCH"] ?? "\(root)/.deps/libtorch"
/// Minor versions of libtorch 2 that the sources build with.
let supportedLibtorch = 11...13

/// Stops the build, saying how to get a libtorch that fits.
func stop(_ problem: String) -> Never {
  let (first, last) = (supportedLibtorch.lowerBound, supportedLibtorch.upperBound)
  let message = """

    error: \(problem)
    Run `make deps` to install libtorch into .deps/libtorch,
    or set LIBTORCH=/path to an unpacked libtorch 2.\(first) to 2.\(last).


    """
  FileHandle.standardError.write(Data(message.utf8))
  exit(1)
}

let versionHeader = "\(libtorch)/include/torch/headeronly/version.h"
guard let version = try? String(contentsOfFile: versionHeader, encoding: .utf8) else {
  stop("no libtorch at \(libtorch) (\(versionHeader) cannot be read)")
}
guard version.contains("#define TORCH_VERSION_MAJOR 2\n"),
  supportedLibtorch.contains(where: { version.contains("#define TORCH_VERSION_MINOR \($0)\n") })
else {
  stop("the libtorch at \(libtorch) is not of a version that is supported")
}

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

/// The rpath lets the program find libtorch where the build found it. The part of libtorch that knows CUDA
/// is loaded when a run asks for it, so that one program serves both builds of libtorch.
let linkTorch: [LinkerSetting] = [
  .unsafeFlags(["-L\(libtorch)/lib", "-Xlinker", "-rpath", "-Xlinker", "\(libtorch)/lib"]),
  .linkedLibrary("torch_cpu"), .linkedLibrary("c10"), .linkedLibrary("stdc++"),
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
  // Off by default: a build without it needs no MPI library. `make build MPI=1` turns it on.
  traits: [.trait(name: "MPI", description: "Runs over several processes and machines with MPI.")],
  targets: [
    // System libraries
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(
      name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CLZMA", pkgConfig: "liblzma", providers: [.apt(["liblzma-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev"])]),

    // C++ behind C headers
    .target(name: "CTorch", cxxSettings: cxx, linkerSettings: linkTorch),
    .target(
      name: "CKernels", dependencies: ["CTorch"], exclude: ["README.md"], cxxSettings: cxx),

    // Pure values
    module("Diagnostics"),
    module("Randomness"),
    module("Settings", ["Diagnostics"]),
    module("Tasks", ["Settings"]),
    module("Threads"),
    module("Tokenization"),
    module("Checksums", ["CCrypto"]),
    module(
      "Experiments", ["CYAML", "Checksums", "Diagnostics", "Randomness", "Settings", "Tasks"]),
    module("Arguments", ["Diagnostics"]),
    module("Terminal", ["Diagnostics"]),
    module(
      "Processes",
      ["Diagnostics", .target(name: "CMPI", condition: .when(traits: ["MPI"]))]),

    // Tensors and models
    module("Torch", ["CTorch", "Randomness"]),
    module("Kernels", ["CKernels", "Diagnostics", "Torch"]),
    module("NN", ["Kernels", "Randomness", "Tasks", "Torch"]),
    module(
      "Attention", ["Diagnostics", "Kernels", "NN", "Randomness", "Settings", "Tasks", "Torch"]),
    module("Models", ["Attention", "NN", "Randomness", "Settings", "Tasks", "Torch"]),

    // Files
    module("AtomicFiles"),
    module("HDF5", ["AtomicFiles", "CHDF5", "Checksums", "Diagnostics"]),
    module(
      "DataFiles", ["AtomicFiles", "CArchive", "CLZMA", "CPNG", "CZlib", "Diagnostics"]),
    module(
      "Datasets",
      [
        "Checksums", "DataFiles", "HDF5", "Randomness", "Settings", "Tasks", "Threads",
        "Tokenization",
      ]),
    module("RunLog", ["Diagnostics", "HDF5", "Tasks"]),
    module("Safetensors", ["Diagnostics", "Torch"]),

    // The harness
    module(
      "Steps",
      [
        "Datasets", "Kernels", "Models", "NN", "Processes", "Randomness", "Tasks", "Threads",
        "Torch",
      ]),
    module(
      "Training",
      [
        "AtomicFiles", "Attention", "Checksums", "DataFiles", "Datasets", "Diagnostics",
        "Experiments", "HDF5", "Kernels", "Models", "NN", "Processes", "Randomness", "RunLog",
        "Safetensors", "Steps", "Tasks", "Torch",
      ]),
    module(
      "Verification",
      [
        "Attention", "Diagnostics", "HDF5", "Kernels", "Models", "NN", "Randomness", "Settings",
        "Steps", "Torch",
      ]),
    module(
      "Benchmarks",
      [
        "Attention", "Datasets", "Models", "NN", "Randomness", "Settings", "Steps", "Tasks",
        "Torch",
      ]),
    module("Presentation", ["Diagnostics"]),
    module(
      "Reports",
      [
        "Datasets", "Diagnostics", "HDF5", "Presentation", "Randomness", "RunLog", "Settings",
        "Tasks",
      ]),
    module(
      "Exports",
      [
        "DataFiles", "Datasets", "Diagnostics", "Experiments", "Models", "Presentation", "RunLog",
        "Safetensors", "Tasks", "Torch", "Training",
      ]),
    module(
      "Inspection",
      [
        "Attention", "DataFiles", "Datasets", "Diagnostics", "Kernels", "Models", "NN",
        "Presentation", "RunLog", "Tasks", "Torch", "Training",
      ]),
    // All of the program but `main.swift`.
    .target(
      name: "Commands",
      dependencies: [
        "Arguments", "AtomicFiles", "Benchmarks", "DataFiles", "Datasets", "Diagnostics",
        "Experiments", "Exports", "HDF5", "Inspection", "Kernels", "Presentation", "Processes",
        "Randomness", "Reports", "RunLog", "Settings", "Tasks", "Terminal", "Tokenization", "Torch",
        "Training", "Verification",
      ],
      swiftSettings: swift,
      plugins: ["CodeVersion"]),
    .executableTarget(
      name: "sbm", dependencies: ["Commands"],
      swiftSettings: swift),
    .plugin(
      name: "CodeVersion", capability: .buildTool(), path: "Sources/CodeVersion",
      exclude: ["commit.sh"]),

    // MARK: Tests
    .target(
      name: "TestSupport", dependencies: ["Processes"], path: "Tests/TestSupport",
      swiftSettings: swift),
    // The mechanism and the data set of the tutorials, and the program with them.
    .target(
      name: "ExampleMechanism", dependencies: ["Attention", "NN", "Settings", "Torch"],
      path: "Tests/ExampleMechanism", swiftSettings: swift),
    .target(
      name: "ExampleDataset", dependencies: ["Datasets", "Randomness", "Tasks"],
      path: "Tests/ExampleDataset", swiftSettings: swift),
    .executableTarget(
      name: "ExtendedProgram",
      dependencies: ["Attention", "Commands", "Datasets", "ExampleDataset", "ExampleMechanism"],
      path: "Tests/ExtendedProgram", swiftSettings: swift),
    tests("ArchitectureTests", ["TestSupport"]),
    tests("ChecksumsTests", ["Checksums"]),
    tests("TasksTests", ["Randomness", "Tasks"]),
    tests(
      "DocumentationTests",
      [
        "ExtendedProgram", "Attention", "Datasets", "ExampleDataset", "ExampleMechanism",
        "Experiments", "Tasks", "TestSupport",
      ]),
    tests("DiagnosticsTests", ["Diagnostics"]),
    tests("ArgumentsTests", ["Arguments", "Diagnostics"]),
    tests("TerminalTests", ["Terminal"]),
    tests("ProcessesTests", ["Diagnostics", "Processes", "TestSupport"]),
    tests(
      "ExperimentsTests",
      [
        "Datasets", "Experiments", "Randomness", "RunLog", "Settings", "Tasks", "TestSupport",
        "Training",
      ]),
    tests(
      "CLITests",
      [
        "ExtendedProgram", "sbm", "Attention", "Checksums", "DataFiles", "Datasets", "HDF5",
        "RunLog",
        "TestSupport",
      ]),
    tests("ResumeTests", ["sbm", "HDF5", "RunLog", "Tasks", "TestSupport"]),
    tests("RandomnessTests", ["Randomness"]),
    tests("DataFilesTests", ["DataFiles", "TestSupport"]),
    tests(
      "DatasetsTests",
      [
        "Checksums", "DataFiles", "Datasets", "HDF5", "Randomness", "Tasks", "TestSupport",
        "Tokenization",
      ],
      resources: [.copy("Fixtures")]),
    tests("ThreadsTests", ["Threads"]),
    tests("TokenizationTests", ["Tokenization"], resources: [.copy("Fixtures")]),
    tests("TorchTests", ["Randomness", "Torch"]),
    tests("NNTests", ["NN", "Randomness", "Torch"]),
    tests(
      "ModelsTests",
      ["Attention", "Kernels", "Models", "NN", "Randomness", "Settings", "Tasks", "Torch"]),
    tests("VerificationTests", ["Kernels", "NN", "Verification"]),
    tests(
      "AttentionTests",
      [
        "Attention", "CKernels", "ExampleMechanism", "Kernels", "Models", "NN", "Randomness",
        "Settings", "Tasks", "Torch",
      ]),
    tests(
      "StepsTests",
      [
        "Attention", "Datasets", "Models", "NN", "Processes", "Randomness", "Settings", "Steps",
        "Tasks", "TestSupport", "Torch",
      ]),
    tests("KernelTests", ["CKernels", "Randomness", "Torch"]),
    tests("BenchmarksTests", ["Benchmarks"]),
    tests("LayerKernelTests", ["CKernels", "Kernels", "NN", "Randomness", "Torch"]),
    tests("SamplerTests", ["Attention", "Kernels", "NN", "Randomness", "Tasks", "Torch"]),
    tests(
      "TrainingTests",
      [
        "Datasets", "Experiments", "HDF5", "Models", "NN", "RunLog", "Steps", "TestSupport",
        "Torch", "Training",
      ]),
    tests("SafetensorsTests", ["Safetensors", "TestSupport", "Torch"]),
    tests("ExportsTests", ["Exports", "RunLog", "TestSupport"]),
    tests("HDF5Tests", ["HDF5"], resources: [.copy("Fixtures")]),
    tests("ReportsTests", ["Presentation", "Randomness", "Reports", "RunLog", "TestSupport"]),
    tests("RunLogTests", ["HDF5", "RunLog"]),
    tests(
      "InspectionTests",
      [
        "Attention", "Datasets", "Inspection", "Kernels", "Models", "NN", "Randomness", "Settings",
        "Torch",
      ]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx20
)

// MARK: Fuzzing
// `make fuzz` builds the readers with libFuzzer, whose runtime only `--sanitize=fuzzer` links.

if ProcessInfo.processInfo.environment["SBM_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "fuzz",
      dependencies: ["DataFiles", "Datasets", "Experiments", "HDF5", "RunLog", "Tokenization"],
      path: "Tests/Fuzz", exclude: ["Corpus", "run.sh"], swiftSettings: swift))
}
