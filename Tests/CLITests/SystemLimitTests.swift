import Foundation
import TestSupport
import Testing

/// What the system can refuse: threads, memory, locks, and time to a file that would take for ever.
@Suite struct SystemLimitTests {
  private let folder: TemporaryFolder
  private let command: [String]

  init() throws {
    folder = try TemporaryFolder()
    let file = try folder.write(
      """
      name: rep
      task: repeats
      protocol: strict
      seeds: [0]
      attention.kind: softmax
      model: {layers: 1, dim: 16, heads: 1, head_dim: 16, feed_forward: 16}
      training: {steps: 4, batch: 8, warmup: 2, eval_every: 2, checkpoint_every: 2, log_every: 1}
      data: {length: 32, padded_length: 32, train_examples: 64, dev_examples: 16, test_examples: 16}
      threads: 2
      """, to: "rep.yaml")
    command = ["run", file, "--root", folder.url.path, "--out", folder.url("out").path]
  }

  private var log: URL { folder.url("out/repeats-softmax-s0.h5") }

  private func sbm(_ arguments: [String], _ environment: [String: String] = [:]) throws
    -> ProgramResult
  {
    try TestProgram.run(TestProgram.sbm, arguments, environment: environment)
  }

  @Test func withoutThreadsWhatCanBeDoneIsDone() throws {
    let none = try Interposer.environment(
      """
      #include <errno.h>
      #include <pthread.h>
      int pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *c) { return EAGAIN; }
      """, in: folder)
    let root = folder.url("data").path
    let generated = try sbm(
      [
        "data", "generate", "listops", "--train", "40", "--dev", "8", "--test", "8", "--root", root,
      ], none)
    #expect(generated.exitCode == 0, "\(generated.errors)")
    let run = try sbm(command, none)
    #expect(run.exitCode == 1)
    #expect(
      run.errors.contains("0 of 2 worker threads could start (Resource temporarily unavailable)"))
    #expect(run.errors.contains("ulimit -u"))
  }

  @Test func tooLittleMemoryIsSaidAtOnce() throws {
    let result = try TestProgram.shell("ulimit -v 540000; \"$SBM\" --version")
    #expect(result.exitCode == 1)
    #expect(
      result.errors.contains("needs 600 MiB of address space, and may have 527: raise `ulimit -v`"))
  }

  @Test(arguments: ["ENOLCK", "EOPNOTSUPP"])
  func aFileSystemWithoutLocksIsGoodEnough(code: String) throws {
    let none = try Interposer.environment(
      """
      #include <errno.h>
      int flock(int file, int operation) { errno = \(code); return -1; }
      """, in: folder)
    let run = try sbm(command, none)
    #expect(run.exitCode == 0, "\(run.errors)")
    let more = try sbm(command + ["--set", "training.steps=4", "--resume"], none)
    #expect(more.exitCode == 0, "\(more.errors)")
    #expect(try sbm(["show", log.path], none).exitCode == 0)
  }

  /// What a group works on together stays the group's.
  @Test func filesHaveTheRightsThatTheUserGives() throws {
    let words = command.joined(separator: " ")
    let result = try TestProgram.shell(
      "umask 002; \"$SBM\" \(words) && find out data* cache* -type f -printf '%m %p\\n'",
      in: folder.url)
    #expect(
      result.output.contains("664 out/repeats-softmax-s0.h5\n"), "\(result.output)\(result.errors)")
    #expect(result.output.contains("664 out/repeats-softmax-s0.checkpoint.h5\n"))
    #expect(result.output.contains("664 cache/"), "\(result.output)")
  }

  /// A function of the shell that runs the program with a user's rights: root may read and write everything, but for
  /// those who give that up.
  private static let asUser = """
    sbm() { setpriv --bounding-set=-dac_override,-dac_read_search "$SBM" "$@"; }
    [ "$(id -u)" = 0 ] || sbm() { "$SBM" "$@"; }
    """

  @Test func aFolderThatMayNotBeReadIsNamed() throws {
    #expect(try sbm(command).exitCode == 0)
    let result = try TestProgram.shell(
      "mkdir out/closed; chmod 0 out/closed; \(Self.asUser)\nsbm report out; code=$?; chmod 700 out/closed; exit $code",
      in: folder.url)
    #expect(result.exitCode == 74)
    #expect(
      result.errors.contains("out/closed: the folder cannot be read: Permission denied"),
      "\(result.errors)")
    #expect(result.output.contains("softmax"))
  }

  @Test func aFolderThatIsALinkIsRead() throws {
    #expect(try sbm(command).exitCode == 0)
    let link = folder.url("link")
    try FileManager.default.createSymbolicLink(at: link, withDestinationURL: folder.url("out"))
    for arguments in [["report", link.path], ["show", link.path], ["report", link.path + "/"]] {
      let result = try sbm(arguments)
      #expect(result.exitCode == 0 && result.output.contains("softmax"), "\(result.errors)")
    }
  }

  /// A file that may be read only, as one of another user's is: whoever comes second is refused all the same.
  @Test func aLockThatMayOnlyBeReadIsALock() throws {
    try FileManager.default.createDirectory(
      at: folder.url("out"), withIntermediateDirectories: true)
    let lock = folder.url("out/.repeats-softmax-s0.lock").path
    #expect(
      FileManager.default.createFile(
        atPath: lock, contents: nil, attributes: [.posixPermissions: 0o444]))
    let line = """
      \(Self.asUser)
      run() { sbm \(command.joined(separator: " ")) --set training.steps=1000000 "$@"; }
      run >/dev/null 2>&1 &
      until [ -e \(log.path) ]; do sleep 0.1; kill -0 $! || exit 99; done
      code=0; run --resume || code=$?
      kill -TERM %1; wait %1
      echo "first: $?"
      exit $code
      """
    let result = try TestProgram.shell("set -m; " + line)
    #expect(result.exitCode == 75, "\(result.errors)")
    #expect(result.errors.contains("another sbm run is working on this run"), "\(result.errors)")
    #expect(result.output.contains("first: 75"))
  }

  /// Files do this: one that has libhdf5 go round in circles stands for all.
  private func endlessReading() throws -> [String: String] {
    try Interposer.environment(
      """
      #include <stdint.h>
      int64_t H5Fopen(const char *name, unsigned flags, int64_t access) {
        for (volatile int round = 0;; round++) {}
      }
      """, in: folder)
  }

  @Test func aFileThatTakesForEverIsDamaged() throws {
    #expect(try sbm(command).exitCode == 0)
    let shown = try sbm(["show", log.path], try endlessReading())
    #expect(shown.exitCode == 65)
    #expect(
      shown.errors.contains("libhdf5 has not come to its end after 6 s of computing"),
      "\(shown.errors)")
  }

  @Test func theProcessThatReadsDoesNotOutliveItsLimit() throws {
    #expect(try sbm(command).exitCode == 0)
    let program = Process()
    program.executableURL = TestProgram.sbm
    program.arguments = ["show", log.path]
    program.environment = ProcessInfo.processInfo.environment.merging(try endlessReading()) { $1 }
    program.standardError = FileHandle.nullDevice
    try program.run()
    var reader = ""
    while program.isRunning, reader.isEmpty {
      usleep(20_000)
      reader = try TestProgram.shell("pgrep -P \(program.processIdentifier)").output
        .trimmingCharacters(in: .whitespacesAndNewlines)
    }
    let pid = try #require(pid_t(reader))
    kill(program.processIdentifier, SIGKILL)
    program.waitUntilExit()
    #expect(kill(pid, 0) == 0)
    // 8 s of processor time; a machine at work may take long to give them.
    for _ in 0..<1800 where kill(pid, 0) == 0 { usleep(100_000) }
    #expect(kill(pid, 0) != 0)
    kill(pid, SIGKILL)
  }
}
