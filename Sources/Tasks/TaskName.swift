/// The name of a task, as in experiment files. Which tasks there are is known to data sets; those of the paper
/// are named here.
public struct TaskName: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The name.
  public var rawValue: String

  /// A name, whether there is such a task or not.
  public init(rawValue: String) { self.rawValue = rawValue }

  /// The name.
  public var description: String { rawValue }

  /// Value of a nested list expression.
  public static let listops = TaskName(rawValue: "listops")
  /// Sentiment of a review, byte by byte.
  public static let text = TaskName(rawValue: "text")
  /// Whether two papers cite each other, byte by byte.
  public static let retrieval = TaskName(rawValue: "retrieval")
  /// Class of a gray image, pixel by pixel.
  public static let image = TaskName(rawValue: "image")
  /// Whether a dashed path joins two discs, pixel by pixel.
  public static let pathfinder32 = TaskName(rawValue: "pathfinder32")
  /// Which tokens occur more than once.
  public static let repeats = TaskName(rawValue: "repeats")
  /// Masked language modelling.
  public static let mlm = TaskName(rawValue: "mlm")
  /// Tables of the user's own.
  public static let labelled = TaskName(rawValue: "labelled")

  /// The tasks of the Long Range Arena, in the order of the paper's tables.
  public static let arena: [TaskName] = [.listops, .text, .retrieval, .image, .pathfinder32]

  /// The nine tasks of GLUE, in the order of the paper's tables.
  public static let glue: [TaskName] = [
    "cola", "sst2", "mrpc", "qqp", "stsb", "mnli", "qnli", "rte", "wnli",
  ].map(TaskName.init(rawValue:))

  /// The name in the paper's tables; the name itself for a task that is not there.
  public var title: String { Self.titles[rawValue] ?? rawValue }

  private static let titles = [
    "listops": "ListOps", "text": "Text", "retrieval": "Retrieval", "image": "Image",
    "pathfinder32": "Pathfinder", "cola": "CoLA", "sst2": "SST-2", "mrpc": "MRPC", "qqp": "QQP",
    "stsb": "STS-B", "mnli": "MNLI", "qnli": "QNLI", "rte": "RTE", "wnli": "WNLI",
  ]
}
