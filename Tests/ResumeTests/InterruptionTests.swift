import Foundation
import TestSupport
import Testing

/// How often a signal has to come.
@Suite struct InterruptionTests {
  /// `timeout` sends its signal to the program, and then to the group that the program is in.
  @Test(arguments: [SIGTERM, SIGINT])
  func aSignalThatComesTwiceAtOnceIsOne(_ signal: Int32) throws {
    let scene = try Scene(variant: "softmax", steps: 20_000)
    let code = try scene.interrupt("run", threads: 1, at: 3, with: signal) { process in
      kill(process, signal)
      usleep(1000)
    }
    #expect(code == 75)
    #expect(try scene.log("run").status == .interrupted)
  }

  /// One that comes again while everything is being saved ends the program, but not one of another kind.
  @Test(arguments: [(SIGTERM, 128 + SIGTERM), (SIGUSR1, Int32(75))])
  func theSameSignalLaterEndsARun(_ first: Int32, _ expected: Int32) throws {
    var scene = try Scene(variant: "softmax", steps: 20_000)
    let slow = scene.scratch.url("slow").path
    let preload = try Interposer.environment(
      """
      #include <unistd.h>
      int fsync(int file) {
        if (access("\(slow)", F_OK) == 0) sleep(5);
        return 0;
      }
      """, in: scene.scratch)
    scene.environment.merge(preload) { $1 }
    let code = try scene.interrupt("run", threads: 1, at: 3, with: SIGTERM) { process in
      #expect(FileManager.default.createFile(atPath: slow, contents: nil))
      kill(process, first)
      usleep(1_500_000)
      // What was begun is saved slowly, the rest as ever.
      try FileManager.default.removeItem(atPath: slow)
    }
    #expect(code == expected)
  }
}
