import Foundation
import Inspection
import Testing

/// Density, entropy and distance of weights whose numbers are known.
@Suite struct HeadStatisticsTests {
  private func statistics(
    _ matrix: [[Float]], isReal: [Bool]? = nil, edges: Int? = nil, pieces: Int = 2
  ) -> HeadStatistics {
    var builder = HeadStatisticsBuilder(
      isReal: isReal ?? [Bool](repeating: true, count: matrix.count))
    for start in stride(from: 0, to: matrix.count, by: pieces) {
      for (query, row) in matrix.enumerated() {
        builder.add(row[start..<min(start + pieces, row.count)], query: query, key: start)
      }
    }
    return builder.statistics(edges: edges)
  }

  @Test func evenWeightsSpreadOverAllKeys() {
    let n = 5
    let result = statistics(
      [[Float]](repeating: [Float](repeating: 0.2, count: n), count: n))
    #expect(result.density == 1 && result.edges == 25 && result.blindQueries == 0)
    #expect(abs(result.entropy - log(5)) < 1e-6)
    #expect(abs(result.effectiveKeys - 5) < 1e-5)
    // The mean of |i − j| over all pairs is (n² − 1) / 3n.
    #expect(abs(result.distance - 24.0 / 15) < 1e-6)
    #expect(abs(result.rowSums.lowerBound - 1) < 1e-6 && abs(result.rowSums.upperBound - 1) < 1e-6)
  }

  @Test func theIdentityLooksAtItself() {
    let result = statistics((0..<4).map { row in (0..<4).map { $0 == row ? 1 : 0 } })
    #expect(result.entropy == 0 && result.effectiveKeys == 1 && result.distance == 0)
    #expect(result.density == 0.25 && result.weights == 0...1)
  }

  @Test func signsCountBySize() {
    let result = statistics([[0.5, -0.5], [0, 0]])
    #expect(abs(result.entropy - log(2)) < 1e-6)
    #expect(result.rowSums == 0...0 && result.blindQueries == 1 && result.edges == 2)
    #expect(result.weights == -0.5...0.5)
  }

  @Test func chosenEdgesAndMaskedTokens() {
    let rows: [[Float]] = [[0.5, 9, 0.5], [9, 9, 9], [0, 9, 1]]
    let result = statistics(rows, isReal: [true, false, true], edges: 4)
    #expect(result.queries == 2 && result.edges == 4 && result.density == 1)
    #expect(abs(result.entropy - log(2) / 2) < 1e-6)
    #expect(abs(result.distance - 0.5) < 1e-6)
    #expect(result.weights == 0...1)
    #expect(result.received == [0.25, 0, 0.75])
    #expect(statistics(rows, isReal: [true, false, true]).edges == 3)
    for pieces in 1...3 {
      #expect(statistics(rows, isReal: [true, false, true], edges: 4, pieces: pieces) == result)
    }
  }
}
