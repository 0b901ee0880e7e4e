import Foundation

/// Numbers as people read them.
public enum Formatting {
  /// A fraction as percent with two digits: `37.22`.
  public static func percent(_ fraction: Double, digits: Int = 2) -> String {
    fixed(100 * fraction, digits: digits)
  }

  /// A fixed number of digits; an exponent from 10¹⁵, which only a damaged log holds.
  public static func fixed(_ value: Double, digits: Int) -> String {
    if value.isNaN { return "nan" }
    return String(format: abs(value) < 1e15 ? "%.\(digits)f" : "%.3g", value)
  }

  /// A difference in percentage points with its sign: `+0.23`, `−1.40`.
  public static func difference(_ points: Double) -> String {
    let text = fixed(abs(points), digits: 2)
    return (points < 0 && text != "0.00" ? "−" : "+") + text
  }

  /// Three significant digits, without an exponent: `0.0123`, `7.53`, `126`, `1,234`.
  public static func significant(_ value: Double) -> String {
    guard value != 0, abs(value) < 1e15 else { return fixed(value, digits: 0) }
    let digits = max(0, 2 - Int(floor(log10(abs(value)))))
    return digits > 0 ? fixed(value, digits: digits) : grouped(Int(value.rounded()))
  }

  /// Thousands set apart by commas.
  public static func grouped(_ value: Int) -> String {
    var digits = String(value.magnitude)
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    groups.insert(digits, at: 0)
    return (value < 0 ? "−" : "") + groups.joined(separator: ",")
  }

  /// `1.23 G`, `456 M`: a count with the SI prefix that leaves three digits.
  public static func scaled(_ value: Double) -> String {
    for (limit, prefix) in [(1e15, " P"), (1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")]
    where value >= limit { return significant(value / limit) + prefix }
    return significant(value)
  }

  /// `9 days 04 h` from two days on, `1 h 02 min`, `3 min 20 s`, `12.3 s`.
  public static func duration(_ seconds: Double) -> String {
    guard seconds >= 60, seconds < 1e15 else { return fixed(seconds, digits: 1) + " s" }
    let whole = Int(seconds.rounded())
    if whole < 3600 { return String(format: "%d min %02d s", whole / 60, whole % 60) }
    if whole < 48 * 3600 {
      return String(format: "%d h %02d min", whole / 3600, whole % 3600 / 60)
    }
    return String(format: "%d days %02d h", whole / 86400, whole % 86400 / 3600)
  }
}
