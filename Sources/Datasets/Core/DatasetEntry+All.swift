extension DatasetEntry {
  /// Every data set that can be loaded, in the order of ``TaskSpecification/all``.
  public static let all: [DatasetEntry] =
    [.listops, .text, .retrieval, .image, .pathfinder32, .repeats] + glue + [.mlm]

  private static let text = DatasetEntry(
    task: .text, origin: "data-scripts/text.sh fetches aclImdb_v1.tar.gz from ai.stanford.edu",
    licence: "research use; cite Maas and others, 2011 (the archive names no licence)",
    source: { try Reviews($0, options: $1) }, check: { try Reviews($0, options: $1).check() })

  private static let retrieval = DatasetEntry(
    task: .retrieval,
    origin: "data-scripts/retrieval.sh tries lra_release.gz of google-research/long-range-arena; "
      + "the tables by themselves are no longer public",
    licence: "ACL Anthology Network: non-commercial research use",
    source: { try Retrieval($0, options: $1) })

  private static let image = DatasetEntry(
    task: .image, origin: "data-scripts/image.sh fetches cifar-10-binary.tar.gz from toronto.edu",
    licence: "none named; cite Krizhevsky, 2009",
    source: { try CIFAR($0, options: $1) }, check: { try CIFAR($0, options: $1).check() })

  private static let pathfinder32 = DatasetEntry(
    task: .pathfinder32,
    origin: "`sbm data generate pathfinder` makes it; published in lra_release.gz of "
      + "google-research/long-range-arena (data-scripts/pathfinder32.sh)",
    licence: "Apache-2.0 (Long Range Arena)", splitsAreDisjoint: false,
    source: { try Pathfinder($0, options: $1) },
    check: { try Pathfinder($0, options: $1).check() })

  private static let glue: [DatasetEntry] = GLUETable.all.map { table in
    let name = table.task.name
    return DatasetEntry(
      task: table.task, origin: "data-scripts/glue.sh \(table.folder) fetches it",
      licence: "that of its source, see gluebenchmark.com/tasks; research use",
      source: { try GLUE(name, $0, options: $1) },
      check: { try GLUE(name, $0, options: $1).check() })
  }

  private static let mlm = DatasetEntry(
    task: .mlm, origin: "any folder or archive of text files, by default `corpus`",
    licence: "that of your text", source: { try MaskedText($0, options: $1) })
}
