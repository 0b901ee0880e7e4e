/// Colors for places on a scale, 0 to 1: evenly spaced stops, straight lines between them.
///
/// The stops have evenly spaced OKLab lightness (Ottosson 2020) in one hue, or in two from a neutral
/// middle, and begin at the colour of the page, so that nothing looks like nothing in light and in dark.
public struct ColorRamp: Sendable {
  /// The name in class names and ids.
  public let name: String
  /// The colors on a light page, `#rrggbb`.
  public let light: [String]
  /// The colors on a dark page.
  public let dark: [String]

  /// From nothing to much, in blue.
  public static let sequential = ColorRamp(
    name: "sequential",
    light: [
      "#f8fafe", "#c6dfff", "#94c3ff", "#62a6fb", "#3f89e3", "#246ec3", "#12549d", "#0e3c72",
      "#102743",
    ],
    dark: [
      "#1b2027", "#13344f", "#0a507e", "#006baa", "#1786d0", "#4aa3e8", "#79bffa", "#b2dbfe",
      "#eaf5ff",
    ])

  /// From negative, in orange, over 0 to positive, in blue.
  public static let diverging = ColorRamp(
    name: "diverging",
    light: [
      "#542200", "#954506", "#c87a4c", "#f1b493", "#f8fafd", "#9fc7fa", "#5e92d5", "#2660a4",
      "#003168",
    ],
    dark: [
      "#ffe1d1", "#e99b6e", "#ab6841", "#6a3d22", "#1d1e20", "#2d4b72", "#507db6", "#7fb3f5",
      "#d9eaff",
    ])

  /// No or yes.
  static let binary = ColorRamp(
    name: "binary", light: ["#f8fafe", "#2c74c9"], dark: ["#1b2027", "#3f9be0"])

  static let all = [sequential, diverging, binary]

  /// The ramp of a scale.
  static func of(_ scale: HeatMap.Scale) -> ColorRamp {
    switch scale {
    case .signedSquareRoot: diverging
    case .binary: binary
    case .linear, .squareRoot: sequential
    }
  }

  /// The styles that paint gray images with the ramps, and legends alike.
  static var styles: String {
    func variables(_ colors: KeyPath<ColorRamp, [String]>) -> String {
      all.map { ramp in
        let stops = ramp[keyPath: colors].joined(separator: ", ")
        return "--\(ramp.name): linear-gradient(to right, \(stops));"
      }.joined(separator: " ")
    }
    func rules(_ ground: String, _ indent: String = "") -> String {
      all.map { "\(indent).map.\($0.name) { filter: url(#\($0.name)-\(ground)); }" }
        .joined(separator: "\n")
    }
    return """
      :root { \(variables(\.light)) }
      \(rules("light"))
      @media (prefers-color-scheme: dark) {
        :root { \(variables(\.dark)) }
      \(rules("dark", "  "))
      }
      \(all.map { ".bar.\($0.name) { background: var(--\($0.name)); }" }.joined(separator: "\n"))
      """
  }

  /// The filters that the styles refer to: a gray of the image is a place on the ramp.
  static var filters: String {
    let filters = all.flatMap { ramp in
      [("light", ramp.light), ("dark", ramp.dark)].map { ground, colors in
        let channels = ["R", "G", "B"].enumerated().map { channel, name in
          let values = colors.map { rounded(component($0, channel)) }.joined(separator: " ")
          return "<feFunc\(name) type='table' tableValues='\(values)'/>"
        }
        return """
          <filter id='\(ramp.name)-\(ground)' x='0' y='0' width='1' height='1' \
          color-interpolation-filters='sRGB'><feComponentTransfer>\
          \(channels.joined())</feComponentTransfer></filter>
          """
      }
    }
    return "<svg class='filters' width='0' height='0' aria-hidden='true'><defs>\n"
      + filters.joined(separator: "\n") + "\n</defs></svg>\n"
  }

  /// A channel (0 red, 1 green, 2 blue) of `#rrggbb`, 0 to 1.
  static func component(_ color: String, _ channel: Int) -> Double {
    let digits = color.dropFirst(1 + 2 * channel).prefix(2)
    return Double(Int(digits, radix: 16) ?? 0) / 255
  }

  private static func rounded(_ value: Double) -> String {
    "\((value * 1000).rounded() / 1000)"
  }
}
