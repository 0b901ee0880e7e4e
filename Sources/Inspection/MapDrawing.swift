import Foundation
import Presentation

/// Maps with their axes as one SVG: a grid of panels that share rows and columns of the page.
struct MapDrawing {
  /// What runs along a side of a map.
  struct Side {
    /// Entries along the side.
    var count: Int
    /// The title, such as `key`.
    var title: String
    /// What each entry is called; empty where numbers do.
    var names: [String] = []
    /// The length on paper.
    var length = 600.0

    /// Names are written where there is room for them.
    var showsNames: Bool { names.count == count && count <= 64 }

    /// The room that ticks or names take.
    var margin: Double {
      showsNames ? 12 + 6.2 * Double(min(12, names.map(\.count).max() ?? 0)) : 38
    }
  }

  /// A map at a place of the grid.
  struct Panel {
    /// The map.
    var map: HeatMap
    /// The id of its image, for others to refer to.
    var id: String
    /// Which of the drawing's rows and columns it stands in.
    var place: (row: Int, column: Int)
  }

  var rows: [Side]
  var columns: [Side]
  var panels: [Panel]
  /// What the drawing shows, for those who cannot see it.
  var label: String

  private static let gap = 12.0
  /// Room for the titles of sides.
  private static let title = 18.0

  private var left: Double { (rows.map(\.margin).max() ?? 0) + Self.title }
  private var bottom: Double { (columns.map(\.margin).max() ?? 0) + Self.title }

  private func begin(_ sides: [Side], _ index: Int) -> Double {
    sides.prefix(index).reduce(0) { $0 + $1.length + Self.gap }
  }

  private func total(_ sides: [Side]) -> Double { begin(sides, sides.count) - Self.gap }

  /// Where the image of the only panel stands: `x y width height`.
  static func viewBox(rows: Side, columns: Side) -> String {
    "\(number(rows.margin + title)) 6 \(number(columns.length)) \(number(rows.length))"
  }

  var svg: String {
    let (width, height) = (left + total(columns) + 8, 6 + total(rows) + bottom)
    let images = panels.map { panel -> String in
      let (row, column) = (rows[panel.place.row], columns[panel.place.column])
      let (x, y) = (left + begin(columns, panel.place.column), 6 + begin(rows, panel.place.row))
      let frame =
        "x='\(Self.number(x))' y='\(Self.number(y))' width='\(Self.number(column.length))' "
        + "height='\(Self.number(row.length))'"
      // Few pixels keep their edges; many are smoothed when they are drawn smaller.
      let isCoarse = max(panel.map.image.width, panel.map.image.height) <= 400
      let style = "map \(ColorRamp.of(panel.map.scale).name)\(isCoarse ? " coarse" : "")"
      return "<image id='\(panel.id)' class='\(style)' \(frame) preserveAspectRatio='none' "
        + "href='\(panel.map.image.dataURI)'/><rect class='frame' \(frame)/>"
    }
    return """
      <svg viewBox='0 0 \(Self.number(width)) \(Self.number(height))' role='img' \
      aria-label='\(HTMLDocument.escaped(label))'>
      \(images.joined(separator: "\n"))
      \(rows.indices.map { rowTicks($0) }.joined())
      \(columns.indices.map { columnTicks($0) }.joined())
      </svg>
      """
  }

  private func rowTicks(_ index: Int) -> String {
    let (side, start) = (rows[index], 6 + begin(rows, index))
    let ticks = Self.ticks(side).map { tick in
      let y = start + (Double(tick.entry) + 0.5) / Double(side.count) * side.length
      return "<text class='tick' x='\(Self.number(left - 5))' y='\(Self.number(y))' "
        + "text-anchor='end' dominant-baseline='central'>\(tick.text)</text>"
    }
    let middle = Self.number(start + side.length / 2)
    return ticks.joined() + "<text class='side' text-anchor='middle' "
      + "transform='translate(12 \(middle)) rotate(-90)'>\(side.title)</text>"
  }

  private func columnTicks(_ index: Int) -> String {
    let (side, start) = (columns[index], left + begin(columns, index))
    let base = 6 + total(rows)
    let ticks = Self.ticks(side).map { tick in
      let x = Self.number(start + (Double(tick.entry) + 0.5) / Double(side.count) * side.length)
      return side.showsNames
        ? "<text class='tick' text-anchor='end' dominant-baseline='central' "
          + "transform='translate(\(x) \(Self.number(base + 5))) rotate(-90)'>\(tick.text)</text>"
        : "<text class='tick' x='\(x)' y='\(Self.number(base + 14))' text-anchor='middle'>"
          + "\(tick.text)</text>"
    }
    let y = base + (side.showsNames ? side.margin + 10 : 32)
    return ticks.joined() + "<text class='side' text-anchor='middle' "
      + "x='\(Self.number(start + side.length / 2))' y='\(Self.number(y))'>\(side.title)</text>"
  }

  /// Every entry by its name, or round numbers.
  private static func ticks(_ side: Side) -> [(entry: Int, text: String)] {
    if side.showsNames {
      return side.names.enumerated().map { entry, name in
        let short = name.count > 12 ? name.prefix(11) + "…" : name[...]
        return (entry, HTMLDocument.escaped(String(short)))
      }
    }
    let step = roundStep(side.count, atMost: max(2, Int(side.length / 90)))
    return stride(from: 0, to: side.count, by: step).map { ($0, "\($0)") }
  }

  /// The least of 1, 2, 5, 10, 20, … that gives `count` entries at most so many ticks.
  static func roundStep(_ count: Int, atMost ticks: Int) -> Int {
    var unit = 1
    while true {
      for factor in [1, 2, 5] where (count - 1) / (factor * unit) + 1 <= ticks {
        return factor * unit
      }
      unit *= 10
    }
  }

  private static func number(_ value: Double) -> String {
    let rounded = (value * 10).rounded() / 10
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }
}
