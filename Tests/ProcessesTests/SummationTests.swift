import Foundation
import Processes
import TestSupport
import Testing

@Suite struct SummationTests {
  /// The definition: a sum is that of its left part, whose size is the largest power of two below the
  /// whole, plus that of the rest.
  private func sum(_ values: ArraySlice<Float>) -> Float {
    if values.count == 1 { return values.first! }
    var half = 1
    while half * 2 < values.count { half *= 2 }
    return sum(values.prefix(half)) + sum(values.dropFirst(half))
  }

  private func values(_ count: Int) -> [Float] {
    (0..<count).map { Float(sin(Double($0 * $0 + 1)) * pow(10, Double($0 % 7))) }
  }

  private func sums(_ values: [Float], processes: Int) throws -> (Float?, messages: [Int]) {
    let plan = SummationPlan(count: values.count, size: processes)
    let (sums, bytes) = try ThreadTransport.run(processes) { group -> Float? in
      var sums = SubtreeSums<Float>(plan) { $0 + $1 }
      for number in plan.ranges[group.rank] { try sums.insert(values[number], number: number) }
      return try sums.finish(
        rank: group.rank, send: { try group.send([$0], to: $1) },
        receive: { try group.receive(1, from: $0)[0] })
    }
    return (sums[0], bytes.map { $0 / 4 })
  }

  @Test func theSumIsThatOfTheTreeWhateverTheNumberOfProcesses() throws {
    for count in 1...33 {
      let values = values(count)
      let expected = sum(values[...])
      for processes in [1, 2, 3, 4, 7] {
        let (found, _) = try sums(values, processes: processes)
        #expect(found?.bitPattern == expected.bitPattern, "\(count) values, \(processes) processes")
      }
    }
  }

  /// Were the order of the values' numbers, or that of the processes, the tests above could not tell.
  @Test func otherOrdersGiveOtherBits() {
    let values = values(33)
    #expect(sum(values[...]) != values.reduce(0, +))
    let halves = sum(values[..<11]) + sum(values[11..<22]) + sum(values[22...])
    #expect(sum(values[...]) != halves)
  }

  @Test func trafficGrowsWithTheLogarithm() {
    for count in 2...300 {
      for processes in 1...40 {
        let plan = SummationPlan(count: count, size: processes)
        #expect(plan.ranges.flatMap(Array.init) == Array(0..<count))
        for rank in 0..<processes {
          #expect(
            Double(plan.traffic(rank)) <= 2 * log2(Double(count)) + 1e-9,
            "process \(rank) of \(processes), \(count) values: \(plan.traffic(rank))")
        }
      }
    }
    #expect((0..<5).map(SummationPlan(count: 1, size: 5).traffic) == [0, 0, 0, 0, 0])
  }

  /// What is counted is what is sent: half of all that is sent and received.
  @Test func trafficIsWhatIsSent() throws {
    for (count, processes) in [(7, 3), (16, 5), (33, 7), (2, 4)] {
      let plan = SummationPlan(count: count, size: processes)
      let (_, messages) = try sums(values(count), processes: processes)
      let counted = (0..<processes).map(plan.traffic).reduce(0, +)
      #expect(2 * messages.reduce(0, +) + 2 * (processes - 1) == counted)
    }
  }
}
