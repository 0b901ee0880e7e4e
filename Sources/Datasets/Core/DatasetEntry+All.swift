extension DatasetEntry {
  /// Every data set that can be loaded, in the order of the paper's tables. To add one: write its folder, with
  /// its task and its entry, and name the entry here.
  public static let all: [DatasetEntry] =
    [.listops, .text, .retrieval, .image, .pathfinder32, .repeats] + glue + [.mlm, .labelled]
}
