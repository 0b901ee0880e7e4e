import Diagnostics

/// Where a piece of work is, on one line.
public struct ProgressStatus: Sendable, Equatable {
  /// What is being done.
  public var title: String
  /// How much of it is done, 0 ... 1; nil when nobody knows.
  public var share: Double?
  /// Counts, rates and times, the most important first.
  public var details: [String]

  /// A status.
  public init(title: String, share: Double?, details: [String]) {
    self.title = title
    self.share = share
    self.details = details
  }

  private static let (narrowestBar, widestBar) = (8, 24)

  /// Without anything that a terminal obeys: titles have names in them.
  var inert: ProgressStatus {
    ProgressStatus(
      title: title.inertLine, share: share, details: details.map(\.inertLine))
  }

  /// The line without a bar, of any length.
  var plain: String { ([title] + details).joined(separator: "  ") }

  /// The line for a terminal: details that do not fit are left out, the last ones first; for the first one
  /// the title is cut, if it keeps half of the line. A bar takes what room there is then. The last column
  /// stays free, where some terminals begin a new line.
  func drawn(columns: Int) -> String {
    let room = max(0, columns - 1)
    var fitting = self
    while fitting.plain.count > room, fitting.details.count > 1 { fitting.details.removeLast() }
    let excess = fitting.plain.count - room
    if excess > 0, !fitting.details.isEmpty {
      if title.count - excess >= room / 2 {
        fitting.title.removeLast(excess)
      } else {
        fitting.details = []
      }
    }
    let width = min(Self.widestBar, room - fitting.plain.count - 2)
    guard let share, width >= Self.narrowestBar else { return String(fitting.plain.prefix(room)) }
    let filled = Int(Double(width) * min(max(share, 0), 1))
    let bar =
      String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    return ([fitting.title, bar] + fitting.details).joined(separator: "  ")
  }
}
