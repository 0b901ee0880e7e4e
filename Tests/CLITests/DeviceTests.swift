import Foundation
import TestSupport
import Testing

/// Devices as a user meets them where there are none.
@Suite(.enabled(if: !FileManager.default.fileExists(atPath: "/dev/nvidiactl")))
struct DeviceTests {
  /// Exit 65 before anything else, and words that help.
  @Test(arguments: [
    ["run", "experiments/repeats.yaml", "--scale", "smoke", "--set", "device=cuda"],
    ["verify", "Tests/Fixtures/golden.h5", "--device", "cuda"],
    ["bench", "step", "--kinds", "softmax", "--lengths", "64", "--device", "cuda:1"],
  ]) func aDeviceThatIsNotThereIsToldFirst(arguments: [String]) throws {
    let result = try TestProgram.run(TestProgram.sbm, arguments)
    #expect(result.exitCode == 65)
    #expect(result.output == "")
    #expect(result.errors.contains("device cuda"), "\(result.errors)")
    // One or the other, as libtorch was built.
    let reasons = ["LIBTORCH=/path names a libtorch with CUDA", "there is no CUDA device"]
    #expect(reasons.contains { result.errors.contains($0) }, "\(result.errors)")
  }

  @Test func namesThatAreNoDevicesAreBadUsage() throws {
    let result = try TestProgram.sbm("bench", "step", "--device", "gpu")
    #expect(result.exitCode == 64)
    #expect(result.errors.contains("It must be cpu, cuda or cuda:<index>."))
  }

  @Test func bfloat16IsNotForTheCPU() throws {
    let result = try TestProgram.sbm("bench", "step", "--bfloat16")
    #expect(result.exitCode == 64)
    #expect(result.errors.contains("'--bfloat16' needs '--device cuda'."))
  }
}

/// The launcher of the bundle, with a program that tells what it was given.
@Suite struct LauncherTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    let manager = FileManager.default
    for path in ["bundle/bin", "bundle/libexec", "elsewhere", "python"] {
      try manager.createDirectory(at: folder.url(path), withIntermediateDirectories: true)
    }
    try manager.copyItem(
      at: TestProgram.package.appendingPathComponent("Tests/Bundle/launcher.sh"),
      to: folder.url("bundle/bin/sbm"))
    try folder.write("2.13\n", to: "bundle/libexec/libtorch-version")
    try folder.write(
      "#!/bin/sh\necho \"$LD_LIBRARY_PATH|$*\"\n", to: "bundle/libexec/sbm")
    try manager.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: folder.url("bundle/libexec/sbm").path)
  }

  /// A folder that looks like libtorch.
  private func libtorch(_ name: String, minor: Int) throws {
    for path in ["\(name)/lib", "\(name)/include/torch/headeronly"] {
      try FileManager.default.createDirectory(
        at: folder.url(path), withIntermediateDirectories: true)
    }
    try folder.write("", to: "\(name)/lib/libtorch_cpu.so")
    try folder.write(
      "#pragma once\n#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR \(minor)\n",
      to: "\(name)/include/torch/headeronly/version.h")
  }

  private func launch(_ line: String) throws -> ProgramResult {
    try TestProgram.shell("unset LIBTORCH LD_LIBRARY_PATH; \(line)", in: folder.url)
  }

  @Test func theFolderThatIsNamedComesFirstThenTheBundlesOwn() throws {
    try libtorch("bundle/libtorch", minor: 13)
    try libtorch("other", minor: 13)
    let path = folder.url.resolvingSymlinksInPath().path
    let own = try launch("bundle/bin/sbm report 'two words'")
    #expect(own.output.hasSuffix("bundle/libtorch/lib|report two words\n"), "\(own.errors)")
    let named = try launch("LIBTORCH=\(path)/other bundle/bin/sbm")
    #expect(named.output == "\(path)/other/lib|\n")
    // Through a link from elsewhere.
    let linked = try launch("ln -s ../bundle/bin/sbm elsewhere/sbm; cd elsewhere; ./sbm x")
    #expect(linked.output.hasSuffix("bundle/libtorch/lib|x\n"), "\(linked.errors)")
  }

  @Test func thePyTorchOfPythonIsFoundWithoutBeingImported() throws {
    try libtorch("python/torch", minor: 13)
    try folder.write("raise SystemExit('imported')\n", to: "python/torch/__init__.py")
    let result = try launch("PYTHONPATH=$PWD/python bundle/bin/sbm x")
    #expect(result.output.hasSuffix("python/torch/lib|x\n"), "\(result.errors)")
  }

  @Test func whatIsMissingOrOfAnotherVersionIsSaid() throws {
    try libtorch("old", minor: 11)
    for (line, words) in [
      ("LIBTORCH=$PWD/old", "built for libtorch 2.13, but 2.11 is there (LIBTORCH="),
      ("LIBTORCH=$PWD/none", "no lib/libtorch_cpu.so"),
      ("PATH=/nowhere", "no libtorch: LIBTORCH is not set and python3 has no PyTorch"),
    ] {
      let result = try launch("\(line) /bin/sh bundle/bin/sbm --version")
      #expect(result.exitCode == 64 && result.output == "")
      #expect(
        result.errors.hasPrefix("Error: ") && result.errors.contains(words), "\(result.errors)")
    }
  }
}
