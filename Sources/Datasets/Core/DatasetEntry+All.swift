extension DatasetEntry {
  /// Every data set that can be loaded.
  public static let all: [DatasetEntry] = [.listops, .repeats]
}
