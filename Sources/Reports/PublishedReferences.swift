/// Results that others published, each checked in its own document.
///
/// Unlike ``PaperValues`` they are verified; they are not of the paper's code, and schedules differ.
public enum PublishedReferences {
  /// One row of test accuracies on the Long Range Arena, percent.
  public struct Arena: Sendable {
    /// Whose it is.
    public let source: String
    /// The mechanism of this program that it is about.
    public let mechanism: String
    /// In the order of ``PaperValues/tasks``.
    public let accuracies: [Double]

    /// Their mean.
    public var average: Double { accuracies.reduce(0, +) / Double(accuracies.count) }
  }

  /// Rows of the Long Range Arena.
  public static let arena: [Arena] = [
    // google-research/long-range-arena, README.
    .init(
      source: "LRA", mechanism: "softmax", accuracies: [36.37, 64.27, 57.46, 42.44, 71.40]),
    // Nyströmformer, its repository's img/LRA.png at 5689313.
    .init(
      source: "Nyströmf.", mechanism: "softmax", accuracies: [37.10, 65.02, 79.35, 38.20, 74.16]),
    .init(
      source: "Nyströmf.", mechanism: "reformer", accuracies: [19.05, 64.88, 78.64, 43.29, 69.36]),
    .init(
      source: "Nyströmf.", mechanism: "linformer",
      accuracies: [37.25, 55.91, 79.37, 37.84, 67.60]),
    .init(
      source: "Nyströmf.", mechanism: "performer",
      accuracies: [18.80, 63.81, 78.62, 37.07, 69.87]),
    .init(
      source: "Nyströmf.", mechanism: "nystrom", accuracies: [37.15, 65.52, 79.56, 41.58, 70.94]),
    // Skyformer, Table 1 of the PDF in its repository at 1a677cb.
    .init(
      source: "Skyformer", mechanism: "softmax", accuracies: [38.37, 61.95, 80.69, 40.57, 65.26]),
    .init(
      source: "Skyformer", mechanism: "nystrom", accuracies: [38.51, 64.83, 80.52, 41.30, 69.48]),
    .init(
      source: "Skyformer", mechanism: "linformer",
      accuracies: [37.45, 58.93, 78.19, 37.96, 60.93]),
    .init(
      source: "Skyformer", mechanism: "performer",
      accuracies: [38.02, 64.19, 80.04, 41.43, 66.30]),
    .init(
      source: "Skyformer", mechanism: "reformer", accuracies: [37.68, 62.93, 78.99, 48.87, 66.49]),
  ]

  /// Whose the rows are.
  public static let arenaNote =
    "others, checked in their documents: LRA, the benchmark's README; Nyströmf., Nyströmformer's code; "
    + "Skyformer, its Table 1 (3 seeds, 50,000 steps)"

  /// Scores of small models on GLUE's tests.
  public struct GLUE: Sendable {
    /// The model.
    public let source: String
    /// Scores × 100 by task and metric: `sst2 accuracy`.
    public let scores: [String: Double]
  }

  /// google-research/bert, README.
  public static let glue: [GLUE] = [
    .init(
      source: "BERT-Tiny",
      scores: [
        "sst2 accuracy": 83.2, "mnli accuracy": 70.2, "rte accuracy": 57.2, "cola matthews": 0,
      ]),
    .init(source: "BERT-Mini", scores: ["cola matthews": 0]),
  ]

  /// Whose the rows are, and what is not known.
  public static let glueNote =
    "paper*: its GLUE values are not known here; BERT-Tiny (2 layers of dim 128), BERT-Mini (4 of 256): "
    + "google-research/bert, pre-trained on books and Wikipedia, on GLUE's tests"
}
