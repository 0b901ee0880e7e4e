import Foundation

/// A dash or disc drawn: larger than in the image, then shrunk with a Lanczos filter.
struct PathfinderPatch: Sendable {
  /// Pixels from the centre to the border.
  private let spread: Int
  /// Brightness `[2 * spread + 1, 2 * spread + 1]`, 0 to 1.
  private let light: [Float]

  /// A dash that begins in the patch's centre.
  static func dash(_ direction: Double, _ parameters: PathfinderParameters) -> PathfinderPatch {
    let scale = parameters.antialiasScale
    let length = Double(parameters.dashLength * scale)
    let (dy, dx) = (sin(direction), cos(direction))
    // One large pixel a step along the axis in which the line is longer.
    let steps = max(1, Int((length * max(abs(dy), abs(dx))).rounded()))
    let thickness = max(1, Int((parameters.dashThickness * Double(scale)).rounded()))
    var pixels: Set<Pixel> = []
    for step in 0...steps {
      let along = length * Double(step) / Double(steps)
      let middle = Pixel(y: Int((along * dy).rounded()), x: Int((along * dx).rounded()))
      for offset in 0..<thickness {
        let across = offset - (thickness - 1) / 2
        let isSteep = abs(dy) > abs(dx)
        pixels.insert(middle + Pixel(y: isSteep ? 0 : across, x: isSteep ? across : 0))
      }
    }
    return PathfinderPatch(pixels, scale: scale, brightness: Float(parameters.contrast))
  }

  /// A disc around the patch's centre.
  static func disc(_ parameters: PathfinderParameters) -> PathfinderPatch {
    let radius = parameters.markerRadius * Double(parameters.antialiasScale)
    let reach = Int(radius)
    var pixels: Set<Pixel> = []
    for y in -reach...reach {
      for x in -reach...reach where Double(y * y + x * x) <= radius * radius {
        pixels.insert(Pixel(y: y, x: x))
      }
    }
    return PathfinderPatch(pixels, scale: parameters.antialiasScale, brightness: 1)
  }

  /// Shrinks a shape of large pixels, given relative to the centre's.
  private init(_ shape: Set<Pixel>, scale: Int, brightness: Float) {
    let spread = (shape.map { max(abs($0.y), abs($0.x)) }.max() ?? 0) / scale + 3
    func lanczos(_ distance: Int) -> Double {
      guard distance != 0 else { return 1 }
      guard abs(distance) < 3 * scale else { return 0 }
      let x = Double.pi * Double(distance) / Double(scale)
      return sin(x) / x * sin(x / 3) / (x / 3)
    }
    let sum = (-3 * scale...3 * scale).reduce(0) { $0 + lanczos($1) }
    self.spread = spread
    var light: [Float] = []
    for y in -spread...spread {
      for x in -spread...spread {
        var sumOfShape = 0.0
        for pixel in shape {
          sumOfShape += lanczos(pixel.y - y * scale) * lanczos(pixel.x - x * scale)
        }
        light.append(Float(min(max(sumOfShape / (sum * sum), 0), 1)) * brightness)
      }
    }
    self.light = light
  }

  /// Lays the patch over `image` `[size, size]`, the brighter value winning.
  func draw(at centre: Pixel, on image: inout [Float], size: Int) {
    let width = 2 * spread + 1
    for y in max(-spread, -centre.y)...min(spread, size - 1 - centre.y) {
      for x in max(-spread, -centre.x)...min(spread, size - 1 - centre.x) {
        let index = (centre.y + y) * size + centre.x + x
        image[index] = max(image[index], light[(y + spread) * width + x + spread])
      }
    }
  }
}
