import Diagnostics
import Processes
import TestSupport
import Testing

@Suite struct GroupTests {
  @Test(arguments: [1, 2, 3, 7])
  func allGetWhatEachGives(size: Int) throws {
    let (results, _) = try ThreadTransport.run(size) { group in
      try group.gather(Array(repeating: UInt8(group.rank), count: group.rank * 5000))
    }
    for result in results {
      #expect(result.map(\.count) == (0..<size).map { $0 * 5000 })
      #expect(result.enumerated().allSatisfy { rank, part in part.allSatisfy { $0 == rank } })
    }
  }

  /// Long ones go from process to process, none of which sends more than one copy.
  @Test(arguments: [(3, [0, 2, 1]), (4, [0, 1, 2, 3])], [7, 300_001])
  func theRootsValuesAreEveryones(_ group: (size: Int, order: [Int]), count: Int) throws {
    let (results, sent) = try ThreadTransport.run(group.size) { processes in
      var values = (0..<count).map { $0 * (processes.isRoot ? 1 : -1) }
      try processes.broadcast(&values, order: group.order)
      return values
    }
    for result in results { #expect(result == Array(0..<count)) }
    if count > 1000 { #expect(sent.max() == count * 8) }
  }

  @Test func oneProcessStopsAll() throws {
    for stopping in 0..<3 {
      let (results, _) = try ThreadTransport.run(3) { try $0.agree($0.rank == stopping) }
      #expect(results == [true, true, true])
    }
    #expect(try ThreadTransport.run(3) { try $0.agree(false) }.results == [false, false, false])
    #expect(try ProcessGroup.single.agree(true) && !ProcessGroup.single.agree(false))
  }

  @Test func whatTheRootFindsIsEveryones() throws {
    let (results, _) = try ThreadTransport.run(4) { group in
      try group.atRoot { _ in ["rank \(group.rank)"] }
    }
    #expect(results == Array(repeating: ["rank 0"], count: 4))
    let (codes, _) = try ThreadTransport.run(3) { group -> String in
      do {
        return try group.atRoot { _ in throw LaunchError.failed("no") }
      } catch {
        return "\(type(of: error)) \((error as? any ExitCodeProviding)?.exitCode.rawValue ?? -1)"
      }
    }
    #expect(codes == ["LaunchError 64", "RootFailure 64", "RootFailure 64"])
  }

  @Test func messagesKeepTheirValues() throws {
    var message = Message()
    message.append("später")
    message.append(-7)
    message.append([1.5, .nan, -0.0] as [Float])
    message.append(true)
    var reader = MessageReader(message.bytes)
    #expect(try reader.text() == "später")
    #expect(try reader.value() == -7)
    #expect(
      try reader.array(of: Float.self).map(\.bitPattern)
        == [1.5, .nan, -0.0].map(\Float.bitPattern))
    #expect(try reader.value() == true && reader.isAtEnd)
    #expect(throws: ProcessError.self) { try reader.value(Int.self) }
  }
}

@Suite struct LaunchTests {
  @Test func launchersAreKnownByTheirEnvironment() {
    func launch(_ environment: [String: String]) -> String {
      Launch(environment).map { "\($0.launcher) \($0.size)" } ?? "alone"
    }
    #expect(launch([:]) == "alone")
    #expect(launch(["OMPI_COMM_WORLD_SIZE": "3"]) == "mpirun 3")
    #expect(launch(["OMPI_COMM_WORLD_SIZE": "1"]) == "alone")
    #expect(launch(["PMI_SIZE": "2"]) == "mpiexec 2")
    #expect(launch(["SLURM_NTASKS": "2", "SLURM_PROCID": "1"]) == "srun 2")
    // A batch script that was given four tasks, and starts the program without srun.
    #expect(launch(["SLURM_NTASKS": "4", "SLURM_PROCID": "0", "ENVIRONMENT": "BATCH"]) == "alone")
    let step = ["SLURM_NTASKS": "4", "ENVIRONMENT": "BATCH", "SLURM_STEP_ID": "0"]
    #expect(launch(step) == "srun 4")
    // One of the tasks only: `srun --ntasks=1` in such a script.
    #expect(launch(step.merging(["SLURM_STEP_NUM_TASKS": "1"]) { $1 }) == "alone")
  }
}
