/// How logs say that a setting's default went with other settings: `follows training.batch, data.length`.
public enum FollowedDefault {
  private static let mark = "follows "

  /// What set the value of a setting that follows `keys`.
  public static func setBy(_ keys: [String]) -> String { mark + keys.joined(separator: ", ") }

  /// The settings that one with this `setBy` follows; nil where it follows none.
  public static func keys(_ setBy: String) -> [String]? {
    guard setBy.hasPrefix(mark) else { return nil }
    return setBy.dropFirst(mark.count).split(separator: ", ").map(String.init)
  }
}
