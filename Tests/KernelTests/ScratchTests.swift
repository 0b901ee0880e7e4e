import CKernels
import Foundation
import Synchronization
import Testing
import Torch

/// The scratch memory of a thread follows the largest job, however many jobs there were and in whatever
/// order they came.
@Suite struct ScratchTests {
  /// Bytes that a new thread holds after graphs of these intensities.
  static func bytesHeld(after intensities: [Double]) -> Int64 {
    let held = Mutex(Int64(0))
    let done = DispatchSemaphore(value: 0)
    let thread = Thread {
      for intensity in intensities {
        var c = Case(4)
        (c.batch, c.heads, c.n, c.clusters, c.intensity) = (1, 1, 700, 32, intensity)
        let (left, right) = c.factors
        EdgeAttentionTests.withGraph(c, mask: .ones([1, c.n]), realOnly: true) { settings in
          _ = Graph { ck_sample_fastrg(left.raw, right.raw, settings, &$0) }
        }
      }
      held.withLock { $0 = ck_scratch_bytes() }
      done.signal()
    }
    thread.start()
    done.wait()
    return held.withLock { $0 }
  }

  @Test func followsTheLargestJob() {
    let rising = (1...60).map { Double($0) / 60 }
    let largest = Self.bytesHeld(after: [1])
    let all = Self.bytesHeld(after: rising)
    #expect(largest > 1 << 20)
    #expect(all < largest * 3 / 2, "\(all) bytes after 60 jobs, \(largest) after the largest")
  }
}
