/// The colours of pages and figures, in light and in dark.
///
/// The curves' are Okabe and Ito's, darker or lighter where the ground asks for it.
struct Palette {
  let ground: String
  let panel: String
  let ink: String
  let quiet: String
  let rule: String
  let grid: String
  let frame: String
  let warning: String
  let warningGround: String
  let shade: String
  let curves: [String]

  static let light = Palette(
    ground: "#fcfcfb", panel: "#ffffff", ink: "#1d2125", quiet: "#5d666f", rule: "#d9dde1",
    grid: "#e6e9ec", frame: "#9aa3ab", warning: "#a33a00", warningGround: "#fff3ea",
    shade: "#1d212538",
    curves: [
      "#0072b2", "#d55e00", "#00805f", "#b0568c", "#b97f00", "#2a93cf", "#4a4f55", "#8a5a2b",
    ])

  static let dark = Palette(
    ground: "#15181b", panel: "#1c2024", ink: "#e6e9ec", quiet: "#a0a9b2", rule: "#353b41",
    grid: "#2b3036", frame: "#6b747d", warning: "#ffab70", warningGround: "#33241a",
    shade: "#000000b0",
    curves: [
      "#5bb2ea", "#ff8b4a", "#35c79f", "#e59cc6", "#f0b73a", "#9bd6f7", "#c3c9cf", "#cf9f70",
    ])

  /// Its colours as a page's variables.
  var variables: String {
    let named = [
      ("ground", ground), ("panel", panel), ("ink", ink), ("quiet", quiet), ("rule", rule),
      ("grid", grid), ("frame", frame), ("warning", warning), ("warning-ground", warningGround),
      ("shade", shade),
    ]
    return (named + curves.enumerated().map { ("curve-\($0.offset)", $0.element) })
      .map { "--\($0.0): \($0.1);" }.joined(separator: " ")
  }
}
