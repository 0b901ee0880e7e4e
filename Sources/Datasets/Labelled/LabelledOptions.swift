/// A data set of the user's own: where its tables are and what is to be predicted.
public struct LabelledOptions: Hashable, Sendable {
  /// What a label is.
  public enum Target: String, Hashable, Sendable, CaseIterable {
    /// One of a few words or numbers.
    case category = "class"
    /// A real number.
    case number
  }

  /// How texts become tokens.
  public enum Tokens: String, Hashable, Sendable, CaseIterable {
    /// Raw bytes plus 1; two texts are encoded one by one.
    case bytes
    /// BERT's WordPieces; two texts become one sequence with segments.
    case wordpiece
  }

  /// The table to train on: `.tsv`, `.csv` or `.jsonl`, a path below the data root or an absolute one.
  public var trainFile = ""
  /// The table to select on; empty for a share of the training table.
  public var devFile = ""
  /// The table to test on; empty for dev.
  public var testFile = ""
  /// The share of the training table that becomes dev where there is no dev table.
  public var devShare = 0.1
  /// The column of the text: its name in the header, or its number from 1 in a table without one.
  public var textColumn = "text"
  /// The column of the second text; empty for none.
  public var secondTextColumn = ""
  /// The column of the label.
  public var labelColumn = "label"
  /// What a label is.
  public var target = Target.category
  /// The classes in the order of their numbers; empty for those of the training table, in order.
  public var classes: [String] = []
  /// How texts become tokens.
  public var tokens = Tokens.bytes

  /// Options with a table to train on.
  public init(trainFile: String) { self.trainFile = trainFile }

  /// The columns of the texts.
  var textColumns: [String] { [textColumn] + (secondTextColumn.isEmpty ? [] : [secondTextColumn]) }
}
