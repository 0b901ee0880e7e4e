import Foundation
import Presentation

extension InspectionPage {
  /// The pairs that may attend.
  func edgesFigure(_ head: Inspection.Head) -> String {
    let numbers = head.statistics
    let share =
      "\(Formatting.percent(numbers.density)) % of pairs, \(Formatting.grouped(numbers.edges)) in all"
    let isSampled = head.blockModel != nil
    let caption =
      head.choosesEdges
      ? "Edges \(isSampled ? "sampled" : "of the pattern")" : "Weights that are not zero"
    return figure(
      caption, head.edges, id: "\(id(head))-edges", head,
      label: "\(caption) of layer \(head.layer + 1), head \(head.head + 1): \(share)",
      legend: head.edges.scale == .binary
        ? key(head.choosesEdges ? "edge" : "not zero", "yes")
          + key(head.choosesEdges ? "none" : "zero", "no")
        : scale(head.edges, "share of pairs"),
      note: share)
  }

  private func key(_ name: String, _ style: String) -> String {
    "<span class='key'><i class='chip \(style)'></i>\(name)</span>"
  }

  /// The weights.
  func weightsFigure(_ head: Inspection.Head) -> String {
    let map = head.weights
    let numbers = head.statistics
    var notes: [String] = []
    if case .linear = map.scale {
      notes.append("Nearly even")
    } else {
      notes.append("Colour by the square root")
    }
    let largest = max(abs(map.range.lowerBound), map.range.upperBound)
    if abs(map.scale.value(at: 1)) < largest {
      let value = significant(Double(largest))
      notes.append("what is beyond the end, up to \(value), looks like the end")
    }
    notes.append("a query spreads over \(significant(numbers.effectiveKeys)) keys on average")
    return figure(
      "Attention weights", map, id: "\(id(head))-weights", head,
      label: "Attention weights of layer \(head.layer + 1), head \(head.head + 1)",
      legend: scale(map, "weight"),
      note: notes.joined(separator: "; ")
        + (mostSeen(head).map { "; on average most goes to \($0)" } ?? ""))
  }

  /// The distribution the graph was sampled from, laid out as the product P = Q̂ S K̂ᵀ.
  func blockFigure(_ head: Inspection.Head) -> String? {
    guard let block = head.blockModel else { return nil }
    let count = block.affinities.rows.count
    let clusters = MapDrawing.Side(count: count, title: "cluster", length: 170)
    let drawing = MapDrawing(
      rows: [clusters, side(head.text, "query")], columns: [clusters, side(head.text, "key")],
      panels: [
        .init(map: block.affinities, id: "\(id(head))-s", place: (0, 0)),
        .init(map: block.keys, id: "\(id(head))-keys", place: (0, 1)),
        .init(map: block.queries, id: "\(id(head))-queries", place: (1, 0)),
        .init(map: block.probability, id: "\(id(head))-p", place: (1, 1)),
      ],
      label: "Block model of layer \(head.layer + 1), head \(head.head + 1): affinities, "
        + "memberships of keys and queries, edge probabilities")
    return """
      <figure class='wide'><figcaption>Block model: top S and memberships K̂ᵀ, below memberships \
      Q̂ and P = Q̂ S K̂ᵀ</figcaption>
      \(drawing.svg)
      <div class='legends'>\(scale(block.affinities, "affinity S"))\
      \(scale(block.queries, "membership Q̂, K̂"))\(scale(block.probability, "edge probability P"))</div>
      <p>The mean of P is \(Formatting.percent(block.meanProbability)) %, and the \
      \(block.sampler.rawValue) sampler takes a pair with probability \
      \(block.sampler == .bernoulli ? "P + 0.01" : "1 − exp(−P)")\
      \(averages(block.probability)).</p></figure>

      """
  }

  /// For images, what each pixel gets.
  func receivedFigure(_ head: Inspection.Head) -> String? {
    guard let map = head.received else { return nil }
    let drawing = MapDrawing(
      rows: [.init(count: map.rows.count, title: "row of pixels")],
      columns: [.init(count: map.columns.count, title: "column of pixels")],
      panels: [.init(map: map, id: "\(id(head))-received", place: (0, 0))],
      label: "What each pixel gets in layer \(head.layer + 1), head \(head.head + 1)")
    return """
      <figure><figcaption>What each pixel gets</figcaption>
      \(drawing.svg)
      <div class='legends'>\(scale(map, "mean weight"))</div>
      <p>The mean over queries, in the place of the pixel.</p></figure>

      """
  }

  /// The keys that get most, in words.
  func mostSeen(_ head: Inspection.Head) -> String? {
    let received = head.statistics.received
    let text = inspection.example.texts[head.text]
    guard head.received == nil, received.count == text.tokens.count, received.count > 1 else {
      return nil
    }
    let keys = received.indices.sorted {
      received[$0] == received[$1] ? $0 < $1 : received[$0] > received[$1]
    }
    return keys.prefix(5).map { key in
      "<code>\(escaped(text.tokens[key]))</code> at \(key) "
        + "(\(significant(Double(received[key]))))"
    }.joined(separator: ", ")
  }

  private func figure(
    _ caption: String, _ map: HeatMap, id: String, _ head: Inspection.Head, label: String,
    legend: String, note: String
  ) -> String {
    let drawing = MapDrawing(
      rows: [side(head.text, "query")], columns: [side(head.text, "key")],
      panels: [.init(map: map, id: id, place: (0, 0))], label: label)
    return """
      <figure><figcaption>\(caption)</figcaption>
      \(drawing.svg)
      <div class='legends'>\(legend)</div>
      <p>\(note)\(averages(map)).</p></figure>

      """
  }

  private func averages(_ map: HeatMap) -> String {
    let (rows, columns) = (map.rows.block, map.columns.block)
    return rows == 1 && columns == 1
      ? ""
      : "; a pixel is the mean of \(rows) queries × \(columns) keys"
  }

  /// A bar of colors with the values at its ends and in its middle, and the part of it that the values take up where
  /// that is a small one.
  private func scale(_ map: HeatMap, _ title: String) -> String {
    let ends = [map.range.lowerBound, map.range.upperBound].map { map.scale.position(of: $0) }
    let isNarrow = map.scale != .binary && ends[1] - ends[0] < 0.5
    let part = ends.map { Formatting.fixed(100 * Double($0), digits: 1) }
    let width = Formatting.fixed(100 * Double(ends[1] - ends[0]), digits: 1)
    let mark =
      isNarrow
      ? "<i class='used' style='margin-left:\(part[0])%;width:max(2px,\(width)%)'></i>" : ""
    let range = [map.range.lowerBound, map.range.upperBound].map { precise($0, map.range) }
    let words =
      isNarrow
      ? "<p>all are \(range[0] == range[1] ? range[0] : "between \(range[0]) and \(range[1])")</p>"
      : ""
    let values = [0, 0.5, 1].map {
      "<span>\(significant(Double(map.scale.value(at: Float($0)))))</span>"
    }
    return "<div class='scale'><b>\(title)</b><i class='bar \(ColorRamp.of(map.scale).name)'></i>"
      + mark + "<div>\(values.joined())</div>\(words)</div>"
  }

  /// A value with as many digits as tell the ends of its range apart.
  private func precise(_ value: Float, _ range: ClosedRange<Float>) -> String {
    let span = Double(range.upperBound - range.lowerBound)
    guard span > 0, span < 0.1 * Double(abs(range.upperBound)) else {
      return significant(Double(value))
    }
    let digits = min(9, max(0, 1 - Int(log10(span).rounded(.down))))
    return Formatting.fixed(Double(value), digits: digits)
  }
}
