/// The tasks of the paper, named as in experiment files.
public enum TaskName: String, Sendable, CaseIterable {
  case listops, text, retrieval, image, pathfinder32
  case repeats
  case cola, sst2, mrpc, stsb, qqp, mnli, qnli, rte, wnli
  case mlm

  /// The nine tasks of GLUE.
  public static let glue: [TaskName] = [
    .cola, .sst2, .mrpc, .stsb, .qqp, .mnli, .qnli, .rte, .wnli,
  ]
}
