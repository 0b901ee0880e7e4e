import Foundation

/// A pixel, or the way from one to another.
struct Pixel: Hashable {
  var y: Int
  var x: Int

  /// The pixel nearest to the point `distance` away in `direction` (radians, 0 is right, π/2 is
  /// down).
  func moved(_ direction: Double, _ distance: Double) -> Pixel {
    Pixel(
      y: y + Int((distance * sin(direction)).rounded()),
      x: x + Int((distance * cos(direction)).rounded()))
  }

  /// The distance between the centres of two pixels.
  func distance(to other: Pixel) -> Double {
    hypot(Double(y - other.y), Double(x - other.x))
  }

  static func + (first: Pixel, second: Pixel) -> Pixel {
    Pixel(y: first.y + second.y, x: first.x + second.x)
  }
}

/// A dash in an image: where it begins and which of ``PathfinderShapes`` it has.
struct Dash {
  var start: Pixel
  var shape: Int
}

/// Everything about dashes that depends on their direction alone, computed once.
final class PathfinderShapes: Sendable {
  /// A dash in one direction, relative to the pixel in whose centre it begins.
  struct Shape: Sendable {
    /// Pixels so close to the dash that no other may cross there.
    var core: [Pixel]
    /// Pixels so close to the dash that no other may begin or turn there.
    var halo: [Pixel]
    /// The dash drawn.
    var patch: PathfinderPatch
  }

  /// A place on the circle around the point a margin behind a dash, where the next can end.
  struct Place: Sendable {
    /// From the circle's centre.
    var offset: Pixel
    /// The direction from the centre, in radians.
    var heading: Double
    /// The dash from here back towards the centre.
    var shape: Int
  }

  /// The shapes of whole degrees from -180 to 179, then those of the places.
  let shapes: [Shape]
  /// The places on the circle.
  let places: [Place]
  /// A disc drawn.
  let disc: PathfinderPatch

  /// The shapes for these parameters.
  init(_ parameters: PathfinderParameters) {
    // The published masks are dashes dilated by the margin, drawn with soft edges: a pixel is
    // taken for a start where the mask is above 0.3, and crossed where two are above 0.8.
    let radius = Double(parameters.margin) + parameters.dashThickness / 2
    func shape(_ direction: Double) -> Shape {
      let length = parameters.dashLength
      return Shape(
        core: Self.pixels(direction, length: length, within: radius - 0.3),
        halo: Self.pixels(direction, length: length, within: radius + 0.1),
        patch: .dash(direction, parameters))
    }
    let reach = Double(parameters.dashLength + parameters.margin)
    var offsets: [Pixel] = []
    for step in 0..<Int((2 * .pi * reach).rounded(.up)) {
      let offset = Pixel(y: 0, x: 0).moved(Double(step) / reach, reach)
      if !offsets.contains(offset) { offsets.append(offset) }
    }
    let headings = offsets.map { atan2(Double($0.y), Double($0.x)) }
    shapes =
      (-180..<180).map { shape(Double($0) * .pi / 180) } + headings.map { shape($0 + .pi) }
    places = zip(offsets, headings).enumerated().map { index, place in
      Place(offset: place.0, heading: place.1, shape: 360 + index)
    }
    disc = .disc(parameters)
  }

  /// The pixels whose centres are at most `radius` away from a dash.
  private static func pixels(
    _ direction: Double, length: Int, within radius: Double
  ) -> [Pixel] {
    let (dy, dx) = (sin(direction), cos(direction))
    let spread = length + Int(radius.rounded(.up))
    var pixels: [Pixel] = []
    for y in -spread...spread {
      for x in -spread...spread {
        let along = min(max(Double(y) * dy + Double(x) * dx, 0), Double(length))
        let distance = hypot(Double(y) - along * dy, Double(x) - along * dx)
        if distance <= radius { pixels.append(Pixel(y: y, x: x)) }
      }
    }
    return pixels
  }
}

/// Which pixels are taken while paths grow.
struct Occupancy {
  private enum State {
    static let free: UInt8 = 0
    static let halo: UInt8 = 1
    static let core: UInt8 = 2
  }

  private let size: Int
  private let shapes: PathfinderShapes
  private var pixels: [UInt8]

  /// An empty window with its border taken.
  init(_ parameters: PathfinderParameters, _ shapes: PathfinderShapes) {
    size = parameters.window
    self.shapes = shapes
    pixels = [UInt8](repeating: State.free, count: size * size)
    for y in 0..<size {
      for x in 0..<size
      where min(y, x) < parameters.padding || max(y, x) >= size - parameters.padding {
        pixels[y * size + x] = State.core
      }
    }
  }

  /// Whether `pixel` is in the window.
  func contains(_ pixel: Pixel) -> Bool {
    pixel.y >= 0 && pixel.y < size && pixel.x >= 0 && pixel.x < size
  }

  /// The state of `pixel`; outside counts as taken.
  private func state(_ pixel: Pixel) -> UInt8 {
    contains(pixel) ? pixels[pixel.y * size + pixel.x] : State.core
  }

  /// Takes the pixels of `dash`.
  mutating func add(_ dash: Dash) {
    let shape = shapes.shapes[dash.shape]
    for offset in shape.halo {
      let pixel = dash.start + offset
      if state(pixel) == State.free { pixels[pixel.y * size + pixel.x] = State.halo }
    }
    for offset in shape.core {
      let pixel = dash.start + offset
      if contains(pixel) { pixels[pixel.y * size + pixel.x] = State.core }
    }
  }

  /// Whether `dash` would cross a dash that is there, or the border.
  func isCrossed(by dash: Dash) -> Bool {
    shapes.shapes[dash.shape].core.contains { state(dash.start + $0) == State.core }
  }

  /// Whether two dashes would cross each other.
  func cross(_ first: Dash, _ second: Dash) -> Bool {
    let taken = shapes.shapes[first.shape].core
    return shapes.shapes[second.shape].core.contains { offset in
      taken.contains { first.start + $0 == second.start + offset }
    }
  }

  /// Whether a new path can begin with `dash`.
  func hasRoom(for dash: Dash) -> Bool {
    shapes.shapes[dash.shape].halo.allSatisfy { state(dash.start + $0) == State.free }
  }

  /// Whether a dash can end at `pixel`: nothing within the margin is taken.
  func isFree(_ pixel: Pixel, margin: Int) -> Bool {
    for y in -margin...margin {
      for x in -margin...margin where y * y + x * x <= margin * margin {
        if state(pixel + Pixel(y: y, x: x)) != State.free { return false }
      }
    }
    return true
  }

  /// The share of pixels that are not taken.
  var freeShare: Double {
    Double(pixels.count { $0 == State.free }) / Double(pixels.count)
  }
}
