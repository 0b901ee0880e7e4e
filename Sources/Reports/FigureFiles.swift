import Presentation

extension Report {
  /// A figure as a file of its own.
  public struct NamedFile: Sendable {
    /// Its name, with the ending.
    public let name: String
    /// What it holds.
    public let bytes: [UInt8]
  }

  /// Every figure of the page as a file, in each of `formats`.
  ///
  /// - Parameter warn: told which figures could not be drawn.
  /// - Throws: ``NoGnuplot``.
  public func figureFiles(
    _ formats: [FigureFile] = FigureFile.allCases, warn: (String) -> Void = { _ in }
  ) throws -> [NamedFile] {
    guard let gnuplot = Gnuplot() else { throw NoGnuplot() }
    var taken: Set<String> = []
    return Figures(self).sections.flatMap { section in
      section.figures.flatMap { figure -> [NamedFile] in
        let base = Self.word(section.title + " " + figure.title)
        var name = base
        var number = 1
        while !taken.insert(name).inserted {
          number += 1
          name = "\(base)-\(number)"
        }
        do {
          return try formats.map { format in
            NamedFile(
              name: "\(name).\(format.rawValue)", bytes: try gnuplot.file(figure, as: format))
          }
        } catch {
          warn("warning: the figure '\(figure.title)' could not be drawn: \(error)")
          return []
        }
      }
    }
  }

  /// A title as a file's name: small letters and digits of ASCII, joined by dashes.
  private static func word(_ title: String) -> String {
    let words = title.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
    let name = words.drop { $0 == "curves" }.joined(separator: "-")
    // File systems have a limit of 255 bytes.
    return name.isEmpty ? "figure" : String(name.prefix(120))
  }
}

/// Figures were asked for, and the program that draws them is not there.
public struct NoGnuplot: Error, CustomStringConvertible {
  /// What to install.
  public var description: String { Gnuplot.missing }
}
