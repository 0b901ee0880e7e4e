import CHDF5
import Foundation

/// The process behind ``IsolatedReader``, as seen from the one that started it; ended with its last reference.
final class ReadingProcess {
  /// What became of a file.
  enum Outcome {
    /// It was read.
    case done
    /// It is at fault, as the error says.
    case refused(HDF5Error)
    /// The process ended, or had to be; `hadBegun` is false if it was gone before it was asked.
    case ended(how: String, hadBegun: Bool)
  }

  enum Reply {
    static let done = "done"
  }

  /// An `HDF5Error` on its way between the processes; the path is the asking one's to fill in.
  struct Refusal: Codable {
    var kind: HDF5Error.Kind
    var object: String?
    var message: String
    var hint: String?

    init(_ error: HDF5Error) {
      (kind, object, message, hint) = (error.kind, error.object, error.message, error.hint)
      if error.kind == .leftOpen { (message, hint) = ("", nil) }
    }

    func error(_ path: String) -> HDF5Error {
      kind == .leftOpen
        ? .leftOpen(file: path)
        : HDF5Error(kind, file: path, object: object, message: message, hint: hint)
    }
  }

  private let process: pid_t
  private let requests: Int32
  private let replies: Int32

  /// Starts `program`.
  init(_ program: String, for path: String) throws {
    func check(_ code: Int32) throws {
      guard code == 0 else {
        throw HDF5Error.system("cannot be read apart", code: code, file: path)
      }
    }
    func pipe() throws -> (reading: Int32, writing: Int32) {
      var ends: [Int32] = [0, 0]
      try check(chdf5_pipe(&ends) == 0 ? 0 : errno)
      return (ends[0], ends[1])
    }
    let (input, output) = (try pipe(), try pipe())
    requests = input.writing
    replies = output.reading
    defer {
      close(input.reading)
      close(output.writing)
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input.reading, 0)
    posix_spawn_file_actions_adddup2(&actions, output.writing, 1)
    // A bare root file system may lack it.
    if access("/dev/null", W_OK) == 0 {
      posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    }
    // The runtime's report of a crash takes seconds and is of no use to anybody here.
    let environment =
      ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" }.filter {
        !$0.hasPrefix("SWIFT_BACKTRACE=") && !$0.hasPrefix("HDF5_PLUGIN")
      } + ["SWIFT_BACKTRACE=enable=no"]
    var arguments = Self.strings([program, IsolatedReader.marker])
    var variables = Self.strings(environment)
    defer { for text in arguments + variables { free(text) } }
    var started: pid_t = 0
    let code = posix_spawn(&started, program, &actions, nil, &arguments, &variables)
    guard code == 0 else {
      close(requests)
      close(replies)
      throw HDF5Error.system("cannot be read apart", code: code, file: path)
    }
    process = started
  }

  /// A list as the system takes it; each string is the caller's to free.
  private static func strings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
    texts.map { $0.withCString { strdup($0) } } + [nil]
  }

  deinit {
    close(requests)
    close(replies)
    kill(process, SIGKILL)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
  }

  /// The processor time that the process has taken so far.
  private var computingTime: Duration {
    var clock = clockid_t()
    var time = timespec()
    guard clock_getcpuclockid(process, &clock) == 0, clock_gettime(clock, &time) == 0 else {
      return .zero
    }
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }

  /// Has the file open as `source` read into the one open as `target`.
  func read(_ source: Int32, into target: Int32, _ path: String) -> Outcome {
    var status = stat()
    fstat(source, &status)
    // Computing time, so that a busy machine or a slow disk does not make a whole file look damaged.
    let seconds = IsolatedReader.seconds(size: Int(status.st_size))
    let mostTime = computingTime + .seconds(seconds)
    let deadline = ContinuousClock.now + .seconds(seconds * IsolatedReader.patience)
    let request = Array("\(source) \(target)\n".utf8)
    guard write(requests, request, request.count) == request.count else {
      return .ended(how: "has ended", hadBegun: false)
    }
    var line: [UInt8] = []
    while line.last != UInt8(ascii: "\n") {
      let isLate = ContinuousClock.now >= deadline
      guard !isLate, computingTime < mostTime else {
        kill(process, SIGKILL)
        let spent = isLate ? "\(seconds * IsolatedReader.patience) s" : "\(seconds) s of computing"
        return .ended(how: "has not come to its end after \(spent)", hadBegun: true)
      }
      var event = pollfd(fd: replies, events: Int16(POLLIN), revents: 0)
      let ready = poll(&event, 1, 100)
      if ready <= 0 { continue }
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = Foundation.read(replies, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let megabytes = IsolatedReader.memoryLimit >> 20
        return .ended(
          how: "crashes, or takes more than \(megabytes) MB of memory", hadBegun: true)
      }
      line += buffer[..<count]
    }
    line.removeLast()
    if line.elementsEqual(Reply.done.utf8) { return .done }
    guard let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(line)) else {
      return .ended(how: "gave no answer", hadBegun: true)
    }
    return .refused(refusal.error(path))
  }
}
