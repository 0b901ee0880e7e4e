#if MPI
  import CMPI
  import Foundation

  /// MPI's processes.
  ///
  /// It waits by asking again and again, so that it can give up, and leaves the processor to others while
  /// it waits.
  struct MPITransport: Transport {
    let rank: Int
    let size: Int
    private let timeout: Double

    /// Starts MPI.
    ///
    /// - Parameter timeout: seconds to wait for another process.
    /// - Throws: ``LaunchError/failed(_:)``.
    init(timeout: Double) throws {
      var (rank, size): (Int32, Int32) = (0, 1)
      let status = cmpi_start(&rank, &size)
      guard status == MPI_SUCCESS else { throw LaunchError.failed(Self.words(status)) }
      (self.rank, self.size, self.timeout) = (Int(rank), Int(size), timeout)
    }

    func send(_ bytes: UnsafeRawBufferPointer, to rank: Int) throws {
      for piece in pieces(bytes.count) {
        var message = cmpi_message()
        try check(
          cmpi_send(
            bytes.baseAddress! + piece.lowerBound, Int32(piece.count), Int32(rank), &message),
          rank)
        try wait(&message, rank)
      }
    }

    func receive(into bytes: UnsafeMutableRawBufferPointer, from rank: Int) throws {
      for piece in pieces(bytes.count) {
        var message = cmpi_message()
        try check(
          cmpi_receive(
            bytes.baseAddress! + piece.lowerBound, Int32(piece.count), Int32(rank), &message), rank)
        try wait(&message, rank)
      }
    }

    func finish() { cmpi_finish() }

    func abort(exitCode: Int32) -> Never {
      cmpi_abort(exitCode)
      exit(exitCode)
    }

    /// MPI counts bytes in 32 bits.
    private func pieces(_ count: Int) -> [Range<Int>] {
      stride(from: 0, to: count, by: 1 << 30).map { $0..<min(count, $0 + 1 << 30) }
    }

    private func wait(_ message: inout cmpi_message, _ other: Int) throws {
      let start = ContinuousClock.now
      var polls = 0
      while true {
        var isDone: Int32 = 0
        try check(cmpi_test(&message, &isDone), other)
        if isDone != 0 { return }
        polls += 1
        if polls < 200 {
          sched_yield()
        } else {
          usleep(100)
          if start.duration(to: .now) > .seconds(timeout) {
            throw ProcessError.stalled(rank: rank, other: other, seconds: timeout)
          }
        }
      }
    }

    private func check(_ status: Int32, _ other: Int) throws {
      guard status != MPI_SUCCESS else { return }
      throw ProcessError.failed(rank: rank, other: other, problem: Self.words(status))
    }

    private static func words(_ error: Int32) -> String {
      var text = [CChar](repeating: 0, count: 512)
      cmpi_describe(error, &text, Int32(text.count))
      return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
  }
#endif
