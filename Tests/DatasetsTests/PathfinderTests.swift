import DataFiles
import Datasets
import Foundation
import TestSupport
import Testing

typealias Difficulty = PathfinderParameters.Difficulty

@Suite("Pathfinder")
struct PathfinderTests {
  /// The first samples of a seed.
  func samples(_ difficulty: Difficulty, _ count: Int, seed: UInt64 = 1)
    -> [PathfinderGenerator.Sample]
  {
    let generator = PathfinderGenerator(difficulty, seed: seed)
    return (0..<count).map { generator.sample($0) }
  }

  @Test("Images have the published size and brightness, two discs and all long paths' dashes")
  func images() {
    for difficulty in Difficulty.allCases {
      let parameters = difficulty.parameters
      for sample in samples(difficulty, 50) {
        let image = sample.image
        #expect(image.width == 32 && image.height == 32)
        let most = parameters.distractors * parameters.distractorLength
        let long = 2 * parameters.contourLength
        #expect(sample.dashes >= long && sample.dashes <= long + most)
        // Discs are white, dashes are not: they are half a pixel thick, at 3/4 of a disc's light.
        let white = image.pixels.indices.filter { image.pixels[$0] > 240 }
        #expect((6...22).contains(white.count))
        let lit = image.pixels.count { $0 > 40 }
        #expect(lit > 2 * sample.dashes && lit < 5 * sample.dashes + 40)
        // The two farthest white pixels are in the two discs.
        let points = white.map { (y: Double($0 / 32), x: Double($0 % 32)) }
        let widest = points.flatMap { a in points.map { hypot(a.y - $0.y, a.x - $0.x) } }.max()
        #expect(abs((widest ?? 0) - sample.markerDistance) <= 4.5)
      }
    }
    #expect(Difficulty.hard.parameters == PathfinderParameters())
  }

  @Test("A seed gives one image for each index, another seed others; classes are even")
  func seeds() {
    let first = samples(.easy, 400)
    #expect(first == samples(.easy, 400))
    #expect(zip(first, samples(.easy, 400, seed: 2)).allSatisfy { $0.image != $1.image })
    #expect(Set(first.map(\.image)).count == 400)
    let positive = first.count { $0.label == 1 }
    #expect(abs(positive - 200) < 50, "seed 1: \(positive) of 400")
  }

  /// Follows the lit pixels from one disc to the other, which gaps between dashes interrupt.
  ///
  /// Whether the discs' path can be followed is what the class says. A gap is two pixels wide,
  /// less than the room between different paths almost everywhere; so the shortest way from disc
  /// to disc through lit pixels, where dark ones are dear, is mostly the path's.
  @Test("The class can be seen: discs of class 1 are joined by fewer dark pixels than of class 0")
  func classes() {
    func darkness(_ image: GrayImage) -> Int? {
      let discs = image.pixels.indices.filter { image.pixels[$0] > 240 }
      guard let start = discs.first,
        let end = discs.last(where: {
          abs($0 / 32 - start / 32) > 3 || abs($0 % 32 - start % 32) > 3
        })
      else { return nil }
      var cost = [Int](repeating: .max, count: 1024)
      cost[start] = 0
      var layers: [[Int]] = [[start]]
      var layer = 0
      while layer < layers.count {
        var next = 0
        while next < layers[layer].count {
          let index = layers[layer][next]
          next += 1
          guard cost[index] == layer else { continue }
          if index == end { return layer }
          for y in -1...1 {
            for x in -1...1 {
              let (row, column) = (index / 32 + y, index % 32 + x)
              guard 0..<32 ~= row, 0..<32 ~= column else { continue }
              let neighbour = row * 32 + column
              let step = layer + (image.pixels[neighbour] > 40 ? 0 : 1)
              guard step < cost[neighbour] else { continue }
              cost[neighbour] = step
              while layers.count <= step { layers.append([]) }
              layers[step].append(neighbour)
            }
          }
        }
        layer += 1
      }
      return nil
    }
    let drawn = samples(.easy, 600, seed: 4).filter { $0.markerDistance > 12 }
    let joined = drawn.filter { $0.label == 1 }.compactMap { darkness($0.image) }
    let apart = drawn.filter { $0.label == 0 }.compactMap { darkness($0.image) }
    let means = [joined, apart].map { Double($0.reduce(0, +)) / Double($0.count) }
    #expect(means[0] < means[1] - 0.3, "seed 4: \(means) dark pixels")
  }

  @Test(
    "Trivial statistics do not tell the class: a logistic model stays at chance",
    arguments: Difficulty.allCases)
  func trivialStatistics(difficulty: Difficulty) {
    let drawn = samples(difficulty, 9000, seed: 6)
    let features = drawn.map { sample in
      let lit = Double(sample.image.pixels.count { $0 > 0 })
      let light = Double(sample.image.pixels.reduce(0) { $0 + Int($1) })
      let dashes = Double(sample.dashes)
      let distance = sample.markerDistance
      return [lit, light, dashes, distance, lit * lit, dashes * dashes, distance * distance]
    }
    let labels = drawn.map { Double($0.label) }
    let model = LogisticModel(features, labels)
    let right = zip(features, labels).count { (model.probability($0) > 0.5) == ($1 == 1) }
    let accuracy = Double(right) / Double(drawn.count)
    // Accuracy on what it was fitted to, which flatters the model.
    #expect(abs(accuracy - 0.5) <= 0.02, "seed 6: \(accuracy)")
  }

  @Test("The logistic model of this test does find what there is to find")
  func logisticModel() {
    let features = (0..<400).map { [Double($0 % 20), Double($0 / 20)] }
    let labels = features.map { $0[0] + 0.5 * $0[1] > 14 ? 1.0 : 0.0 }
    let model = LogisticModel(features, labels)
    let right = zip(features, labels).count { (model.probability($0) > 0.5) == ($1 == 1) }
    #expect(right > 380)
  }

  @Test("Images are written in the published layout, in any order, and go on where they were")
  func files() throws {
    let folder = try TemporaryFolder()
    let data = DataRoot(folder.url)
    let writer = PathfinderFiles(.easy, seed: 3, count: 1100, in: data)
    try writer.write()
    let base = folder.url.appendingPathComponent("pathfinder32/curv_baseline")
    let generator = PathfinderGenerator(.easy, seed: 3)
    var index = 0
    for batch in 0..<2 {
      var lines = try LineReader(base.appendingPathComponent("metadata/\(batch).npy"))
      while let line = try lines.next() {
        let row = try PathfinderRow(line: line)
        #expect(row.folder == "imgs/\(batch)" && row.file == "sample_\(index % 1000).png")
        #expect(row.number == index % 1000)
        #expect(row.settings == ["1.0", "6", "2", "2", "0.5", "1", "1"])
        if index % 50 == 0 {
          let expected = generator.sample(index)
          let image = base.appendingPathComponent("\(row.folder)/\(row.file)")
          #expect(try GrayImage(contentsOf: image, size: (32, 32)) == expected.image)
          #expect(row.label == expected.label)
        }
        index += 1
      }
    }
    #expect(index == 1100)

    // As after an interruption: the batch without metadata is written again, the other is not.
    let lost = base.appendingPathComponent("metadata/1.npy")
    let kept = base.appendingPathComponent("imgs/0/sample_0.png")
    try FileManager.default.removeItem(at: lost)
    try Data().write(to: kept)
    try writer.write()
    #expect(FileManager.default.fileExists(atPath: lost.path))
    #expect(try Data(contentsOf: kept).isEmpty)

    #expect(throws: DataError.self) {
      try PathfinderFiles(.easy, seed: 4, count: 1100, in: data).write()
    }
    try FileManager.default.removeItem(at: base.appendingPathComponent("generated.json"))
    #expect(throws: DataError.self) { try writer.write() }
  }

  @Test(
    "A metadata row that does not parse",
    arguments: [
      "", "imgs/0 sample_0.png 0", "imgs/0 sample_0.png 0 2 1.0", "imgs/0 sample_0.png x 1",
      "../0 sample_0.png 0 1", "/imgs sample_0.png 0 1", "imgs/0 ../../a.png 0 1", "imgs/0  0 1",
      "imgs/./0 a.png 0 1", "imgs/0\tsample_0.png\t0\t1",
    ])
  func rows(line: String) {
    #expect(throws: PathfinderRow.Malformed.self) { try PathfinderRow(line: line.utf8) }
  }
}

/// Logistic regression on standardised features, fitted by Newton's method with a little ridge.
struct LogisticModel {
  private let means: [Double]
  private let scales: [Double]
  private var weights: [Double]

  init(_ features: [[Double]], _ labels: [Double]) {
    let count = Double(features.count)
    let width = features[0].count
    let means = (0..<width).map { column in features.reduce(0) { $0 + $1[column] } / count }
    let scales = (0..<width).map { column in
      let variance = features.reduce(0) { $0 + pow($1[column] - means[column], 2) } / count
      return max(variance.squareRoot(), 1e-9)
    }
    self.means = means
    self.scales = scales
    weights = [Double](repeating: 0, count: width + 1)
    let rows = features.map { standardised($0) }
    for _ in 0..<20 {
      var gradient = [Double](repeating: 0, count: width + 1)
      var hessian = [[Double]](repeating: gradient, count: width + 1)
      for (row, label) in zip(rows, labels) {
        let probability = probability(standardised: row)
        for i in 0...width {
          gradient[i] += (label - probability) * row[i]
          for j in 0...width { hessian[i][j] += probability * (1 - probability) * row[i] * row[j] }
        }
      }
      for i in 0...width {
        hessian[i][i] += 1e-3
        gradient[i] -= 1e-3 * weights[i]
      }
      let step = Self.solve(hessian, gradient)
      for i in 0...width { weights[i] += step[i] }
    }
  }

  func probability(_ features: [Double]) -> Double {
    probability(standardised: standardised(features))
  }

  private func standardised(_ features: [Double]) -> [Double] {
    features.indices.map { (features[$0] - means[$0]) / scales[$0] } + [1]
  }

  private func probability(standardised row: [Double]) -> Double {
    1 / (1 + exp(-zip(row, weights).reduce(0) { $0 + $1.0 * $1.1 }))
  }

  /// Gauss elimination of a symmetric positive system.
  private static func solve(_ matrix: [[Double]], _ right: [Double]) -> [Double] {
    var (matrix, right) = (matrix, right)
    for pivot in right.indices {
      for row in right.indices where row != pivot {
        let factor = matrix[row][pivot] / matrix[pivot][pivot]
        for column in right.indices { matrix[row][column] -= factor * matrix[pivot][column] }
        right[row] -= factor * right[pivot]
      }
    }
    return right.indices.map { right[$0] / matrix[$0][$0] }
  }
}
