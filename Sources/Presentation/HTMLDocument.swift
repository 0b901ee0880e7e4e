/// The frame of a page that needs nothing beside it: title, styles, content.
public struct HTMLDocument: Sendable {
  /// The title, as plain text.
  public var title: String
  /// What stands below the title, as plain text.
  public var summary: String
  /// Styles beyond those that all pages share.
  public var styles = ""
  /// What the page shows, as HTML.
  public var content: String

  /// A page.
  public init(title: String, summary: String, styles: String = "", content: String) {
    self.title = title
    self.summary = summary
    self.styles = styles
    self.content = content
  }

  /// The whole file.
  public var text: String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>\(Self.escaped(title))</title>
    <style>
    \(Stylesheet.text)\(styles.isEmpty ? "" : "\n" + styles)
    </style>
    </head>
    <body>
    <header><h1>\(Self.escaped(title))</h1><p>\(Self.escaped(summary))</p></header>
    <main>
    \(content)</main>
    </body>
    </html>

    """
  }

  /// Plain text as it may stand in HTML.
  public static func escaped(_ text: String) -> String { Escaping.html(text) }
}
