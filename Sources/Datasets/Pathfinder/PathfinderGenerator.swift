import DataFiles
import Foundation
import Randomness

/// Draws Pathfinder images: two long dashed paths, short ones to distract, and two discs, which
/// mark the two ends of one path (class 1) or an end of each (class 0).
///
/// The algorithm is that of Linsley et al., *Learning long-range spatial dependencies with
/// horizontal gated recurrent units* (2018), `snakes2.py`, with three differences. Positions are
/// rounded to the nearest pixel rather than up, so that no direction is preferred. The last dash
/// of each long path is kept clear of the other paths, where one of the two was forgotten. And
/// the classes are balanced: paths are kept only if discs for class 1 and for class 0 could be
/// set equally far apart (within a pixel); then one of the two is chosen by a coin. So nothing
/// about the dashes, and not the distance of the discs, tells the class: in the published
/// images, discs of class 1 tend to be closer together or further apart, depending on difficulty.
///
/// Image i draws from its own stream, whatever the number of threads.
public struct PathfinderGenerator: Sendable {
  /// Changes when the same seed no longer gives the same images.
  public static let version = 1

  /// The numbers behind the images.
  public let parameters: PathfinderParameters
  /// The seed of everything drawn.
  public let seed: UInt64
  private let shapes: PathfinderShapes

  /// A generator at one of the published difficulties.
  public init(_ difficulty: PathfinderParameters.Difficulty = .hard, seed: UInt64) {
    parameters = difficulty.parameters
    self.seed = seed
    shapes = PathfinderShapes(parameters)
  }

  /// An image with its class and what trivial statistics could tell of it.
  public struct Sample: Hashable, Sendable {
    /// The image.
    public var image: GrayImage
    /// 1 if the discs mark the ends of one path, else 0.
    public var label: Int
    /// Dashes drawn, long and short paths together.
    public var dashes: Int
    /// The distance between the centres of the discs, in pixels.
    public var markerDistance: Double
  }

  /// Image `index` of this seed.
  public func sample(_ index: Int) -> Sample {
    var random = RandomStream(seed: seed).child("pathfinder").child(index).generator()
    while true {
      if let sample = attempt(&random) { return sample }
    }
  }

  /// One try; `nil` when the long paths run out of room or cannot be balanced.
  private func attempt(_ random: inout RandomStream.Generator) -> Sample? {
    var occupancy = Occupancy(parameters, shapes)
    guard let paths = longPaths(&occupancy, &random),
      let (label, markers) = markers(paths, &random)
    else { return nil }
    var dashes = paths.flatMap(\.dashes)
    for _ in 0..<parameters.distractors {
      for _ in 0..<5 where occupancy.freeShare >= 0.01 {
        if let path = shortPath(&occupancy, &random) {
          dashes += path.dashes
          break
        }
      }
    }
    return Sample(
      image: draw(dashes, markers), label: label, dashes: dashes.count,
      markerDistance: markers[0].distance(to: markers[1]))
  }

  /// A class and where to set its discs, such that those of the other class could be set equally
  /// far apart; `nil` if they could not.
  private func markers(
    _ paths: [Path], _ random: inout RandomStream.Generator
  ) -> (label: Int, markers: [Pixel])? {
    func pair(_ start: Int, _ end: Int) -> [Pixel] { [paths[start].origin, paths[end].tip] }
    func distance(_ pair: [Pixel]) -> Double { pair[0].distance(to: pair[1]) }
    let joined = [pair(0, 0), pair(1, 1)]
    let apart = [pair(0, 1), pair(1, 0)]
    let choices = joined.flatMap { one in apart.map { [$0, one] } }
      .filter { abs(distance($0[0]) - distance($0[1])) <= 1 }
    guard !choices.isEmpty else { return nil }
    let choice = choices[random.below(choices.count)]
    let label = random.below(2)
    return (label, choice[label])
  }

  private func draw(_ dashes: [Dash], _ markers: [Pixel]) -> GrayImage {
    let size = parameters.window
    var light = [Float](repeating: 0, count: size * size)
    for dash in dashes {
      shapes.shapes[dash.shape].patch.draw(at: dash.start, on: &light, size: size)
    }
    for marker in markers { shapes.disc.draw(at: marker, on: &light, size: size) }
    return GrayImage(
      width: size, height: size, pixels: light.map { UInt8(($0 * 255).rounded()) })
  }

  // MARK: Paths

  /// A path while it grows. Its last dash is not yet in the occupancy, so that the next may touch
  /// its surroundings.
  private struct Path {
    var dashes: [Dash]
    /// Where the path begins.
    var origin: Pixel
    /// Where its last dash ends.
    var tip: Pixel
    /// The point before the last dash, a margin away from it.
    var pivot: Pixel
    /// The direction of the last dash.
    var direction: Double
  }

  /// The two long paths, grown in turns; `nil` if either runs out of room.
  private func longPaths(
    _ occupancy: inout Occupancy, _ random: inout RandomStream.Generator
  ) -> [Path]? {
    guard var paths = seeds(occupancy, &random) else { return nil }
    for _ in 1..<parameters.contourLength {
      for turn in 0..<2 {
        let rival = paths[1 - turn].dashes.last
        guard extend(&paths[turn], rival: rival, &occupancy, &random) else { return nil }
      }
    }
    for path in paths { occupancy.add(path.dashes[path.dashes.count - 1]) }
    return paths
  }

  /// The first dashes of the long paths: one near the middle, the other the seed distance away.
  private func seeds(
    _ occupancy: Occupancy, _ random: inout RandomStream.Generator
  ) -> [Path]? {
    let border = 2 * parameters.seedDistance
    guard parameters.window > 2 * border else {
      preconditionFailure("no room in \(parameters.window) pixels for \(parameters)")
    }
    let middle = parameters.window - 2 * border
    let first = path(
      Pixel(y: border + random.below(middle), x: border + random.below(middle)),
      degree: random.below(360))
    let around = Double(random.below(360)) * .pi / 180
    let second = path(
      first.origin.moved(around, Double(parameters.seedDistance)), degree: random.below(360))
    for path in [first, second] {
      guard occupancy.contains(path.tip), occupancy.contains(path.pivot) else { return nil }
    }
    guard !occupancy.cross(first.dashes[0], second.dashes[0]) else { return nil }
    return [first, second]
  }

  /// A path of one dash that begins at `origin`, in the direction of a whole degree.
  private func path(_ origin: Pixel, degree: Int) -> Path {
    let direction = Double(degree - 180) * .pi / 180
    return Path(
      dashes: [Dash(start: origin, shape: degree)], origin: origin,
      tip: origin.moved(direction, Double(parameters.dashLength)),
      pivot: origin.moved(direction, -Double(parameters.margin)), direction: direction)
  }

  /// A short path where there is room, kept in `occupancy`; `nil` if it finds none.
  private func shortPath(
    _ occupancy: inout Occupancy, _ random: inout RandomStream.Generator
  ) -> Path? {
    let degree = random.below(360)
    for _ in 0..<200 {
      let origin = Pixel(y: random.below(parameters.window), x: random.below(parameters.window))
      guard occupancy.hasRoom(for: Dash(start: origin, shape: degree)) else { continue }
      var path = path(origin, degree: degree)
      var grown = occupancy
      for _ in 1..<parameters.distractorLength {
        guard extend(&path, rival: nil, &grown, &random) else { return nil }
      }
      grown.add(path.dashes[path.dashes.count - 1])
      occupancy = grown
      return path
    }
    return nil
  }

  /// Adds a dash to `path`, turning by a random angle; false if there is no room.
  ///
  /// The next dash ends on a circle around the point a margin behind the last one's end. A place
  /// on it has weight cos²(turn · continuity), 0 where it is taken.
  private func extend(
    _ path: inout Path, rival: Dash?, _ occupancy: inout Occupancy,
    _ random: inout RandomStream.Generator
  ) -> Bool {
    let pivot = path.pivot.moved(
      path.direction, Double(parameters.dashLength + 2 * parameters.margin))
    let places = places(around: pivot, after: path.direction, occupancy)
    let total = places.reduce(0) { $0 + $1.weight }
    guard total > 1e-4 else { return false }
    for _ in 0..<3 {
      var left = random.nextUnit() * total
      let chosen = places.first { candidate in
        left -= candidate.weight
        return left < 0
      }
      guard let place = (chosen ?? places.last)?.place else { return false }
      // Drawn from its end backwards, which leaves a margin to the pivot.
      let dash = Dash(start: pivot + place.offset, shape: place.shape)
      if occupancy.isCrossed(by: dash) { continue }
      if let rival, occupancy.cross(rival, dash) { continue }
      occupancy.add(path.dashes[path.dashes.count - 1])
      path.dashes.append(dash)
      path.pivot = pivot
      path.direction = place.heading
      path.tip = dash.start
      return true
    }
    return false
  }

  /// The places around `pivot` where a dash after one in `direction` can end.
  private func places(
    around pivot: Pixel, after direction: Double, _ occupancy: Occupancy
  ) -> [(place: PathfinderShapes.Place, weight: Double)] {
    shapes.places.compactMap { place in
      let turn = abs(remainder(place.heading - direction, 2 * .pi)) * parameters.continuity
      guard turn < 0.499 * .pi,
        occupancy.isFree(pivot + place.offset, margin: parameters.margin)
      else { return nil }
      let straightness = cos(turn)
      return (place, straightness * straightness)
    }
  }
}
