import Datasets
import Foundation
import Inspection
import Randomness
import Testing

/// Long matrices as means over blocks, and as images.
@Suite struct BlockMeansTests {
  @Test(arguments: [1, 2, 7, 1023, 1024, 1025, 2048, 2049, 4000])
  func everyEntryHasOnePixel(count: Int) {
    let axis = BlockAxis(count: count)
    #expect(axis.pixels <= 1024)
    #expect(count > 1024 || axis.block == 1)
    #expect((0..<axis.pixels).flatMap { axis.entries(of: $0) } == Array(0..<count))
  }

  @Test func pixelsAreMeansOfTheirBlocks() {
    let (rows, columns) = (11, 7)
    var generator = RandomStream(seed: 1).generator()
    let matrix = (0..<rows * columns).map { _ in Float(generator.nextUnit()) - 0.5 }
    let means = BlockMeans(matrix, rows: rows, columns: columns, maximumPixels: 4)
    #expect((means.rows.block, means.rows.pixels) == (3, 4))
    #expect((means.columns.block, means.columns.pixels) == (2, 4))
    for row in 0..<4 {
      for column in 0..<4 {
        let block = means.rows.entries(of: row).flatMap { i in
          means.columns.entries(of: column).map { matrix[i * columns + $0] }
        }
        let exact = block.reduce(0, +) / Float(block.count)
        #expect(abs(means.means[row * 4 + column] - exact) < 1e-6)
      }
    }
    // The same in pieces, columns first.
    var pieces = BlockMeans(rows: rows, columns: columns, maximumPixels: 4)
    for start in stride(from: 0, to: columns, by: 3) {
      let end = min(start + 3, columns)
      for row in 0..<rows {
        pieces.add(matrix[row * columns + start..<row * columns + end], row: row, column: start)
      }
    }
    #expect(pieces.means == means.means)
    var singly = BlockMeans(rows: rows, columns: columns, maximumPixels: 4)
    for (place, entry) in matrix.enumerated() {
      singly.add(entry, row: place / columns, column: place % columns)
    }
    #expect(singly.means == means.means)
  }

  @Test func scalesGoFromEndToEnd() {
    let scales: [HeatMap.Scale] = [
      .linear(lowest: -2, highest: 3), .squareRoot(highest: 0.25), .signedSquareRoot(highest: 4),
    ]
    for scale in scales {
      #expect(scale.position(of: scale.value(at: 0)) == 0)
      #expect(scale.position(of: scale.value(at: 1)) == 1)
      #expect(scale.position(of: 1e9) == 1)
      #expect(scale.position(of: -1e9) == 0)
      for place in stride(from: Float(0), through: 1, by: 0.125) {
        #expect(abs(scale.position(of: scale.value(at: place)) - place) < 1e-6)
      }
    }
    #expect(HeatMap.Scale.signedSquareRoot(highest: 4).position(of: 0) == 0.5)
    #expect(HeatMap.Scale.squareRoot(highest: 0.25).position(of: 0.0625) == 0.5)
  }

  @Test func imagesHaveTheirValues() {
    let matrix: [Float] = [0, 0.25, 1, 0.25]
    let map = HeatMap(BlockMeans(matrix, rows: 2, columns: 2), scale: HeatMap.Scale.weights)
    #expect(map.scale == .squareRoot(highest: 1))
    #expect(map.image.pixels == [0, 128, 255, 128])
    let signed = HeatMap(
      BlockMeans([-1, 0, 1, 0.25], rows: 2, columns: 2), scale: HeatMap.Scale.weights)
    #expect(signed.scale == .signedSquareRoot(highest: 1))
    #expect(signed.image.pixels == [0, 128, 255, 191])
    let nothing = HeatMap(
      BlockMeans([0, 0, 0, 0], rows: 2, columns: 2), scale: HeatMap.Scale.weights)
    #expect(nothing.image.pixels == [0, 0, 0, 0])
  }

  /// Weights that hardly differ look so: their scale begins at 0.
  @Test func nearlyEvenWeightsLookNearlyEven() {
    let map = HeatMap(
      BlockMeans([0.24, 0.25, 0.26, 0.25], rows: 2, columns: 2), scale: HeatMap.Scale.weights)
    #expect(map.scale == .linear(lowest: 0, highest: 0.26))
    #expect(map.image.pixels == [235, 245, 255, 245])
    let even = HeatMap(
      BlockMeans([0.25, 0.25, 0.25, 0.25], rows: 2, columns: 2), scale: HeatMap.Scale.weights)
    #expect(even.image.pixels == [255, 255, 255, 255])
  }

  /// One outlier among thousands does not make everything else look like nothing; the range says so.
  @Test func outliersDoNotHideTheRest() {
    var matrix = [Float](repeating: 0.001, count: 100 * 100)
    matrix[17] = 1
    let map = HeatMap(BlockMeans(matrix, rows: 100, columns: 100), scale: HeatMap.Scale.weights)
    #expect(map.scale == .linear(lowest: 0, highest: 0.001))
    #expect(map.range == 0.001...1)
  }

  /// On each ramp lightness only rises or only falls, from the page's ground to its ink; away from a
  /// neutral middle on the ramp of signed values.
  @Test func rampsAreReadInLightAndDark() {
    func luminance(_ color: String) -> Double {
      let channels = (0..<3).map { channel -> Double in
        let digits = color.dropFirst(1 + 2 * channel).prefix(2)
        let value = Double(Int(digits, radix: 16) ?? 0) / 255
        return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
      }
      return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
    }
    func contrast(_ a: Double, _ b: Double) -> Double { (max(a, b) + 0.05) / (min(a, b) + 0.05) }
    for (colors, sign) in [(ColorRamp.sequential.light, -1.0), (ColorRamp.sequential.dark, 1)] {
      let stops = colors.map(luminance)
      #expect(zip(stops, stops.dropFirst()).allSatisfy { sign * ($1 - $0) > 0 })
      #expect(contrast(stops[0], stops[stops.count - 1]) > 12)
    }
    for (colors, sign) in [(ColorRamp.diverging.light, -1.0), (ColorRamp.diverging.dark, 1)] {
      let stops = colors.map(luminance)
      let middle = stops.count / 2
      let (below, above) = (Array(stops[...middle].reversed()), Array(stops[middle...]))
      for side in [below, above] {
        #expect(zip(side, side.dropFirst()).allSatisfy { sign * ($1 - $0) > 0 })
        #expect(contrast(side[0], side[middle]) > 8)
      }
    }
  }
}
