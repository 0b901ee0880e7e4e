import DataFiles
import Foundation
import Tasks

/// Tables that runs generate for themselves.
extension ListOps {
  static let generation = DatasetGeneration(
    ensure: { request, progress in
      let (counts, needed) = counts(request)
      let seed = request.options.generatorSeed ?? 0
      try ensureGenerated(
        root: request.root, seed: seed, counts: counts, needed: needed, progress: progress)
    },
    missing: { request in
      let (counts, needed) = counts(request)
      let seed = request.options.generatorSeed ?? 0
      let state = try availability(request.root, seed: seed, counts: counts, needed: needed)
      if case .ready = state { return nil }
      let replacement = if case .growing = state { " --replace" } else { "" }
      return .init(
        problem: "the ListOps tables of this run are not here",
        command: "sbm data generate listops --seed \(seed) --train \(counts.train)\(replacement)")
    })

  /// How many rows of each table a run has generated, and how many it needs: dev and test, which are drawn
  /// first, are always whole, so that all runs train on the same rows.
  private static func counts(
    _ request: DatasetGeneration.Request
  ) -> (generated: Counts, needed: Counts) {
    let published = Counts()
    let needed = Counts(
      train: request.count(.train, of: published.train),
      dev: request.count(.dev, of: published.dev),
      test: request.count(.test, of: published.test))
    return (Counts(train: needed.train), needed)
  }

  /// Whether the tables below a root serve a run.
  public enum Availability: Sendable {
    /// They do.
    case ready
    /// There are none.
    case absent
    /// They were made for a run that wanted fewer of the same.
    case growing
  }

  /// Whether the tables below `root` serve a run that reads `needed` rows of `seed`, and would have
  /// `counts` generated.
  ///
  /// Published tables serve every run.
  ///
  /// - Throws: `DataError` when tables are there that do not, and that nobody but their owner may
  ///   replace.
  public static func availability(
    _ root: DataRoot, seed: UInt64, counts: Counts, needed: Counts
  ) throws -> Availability {
    guard let folder = folder(root) else {
      let ours = root.root.appendingPathComponent(folders[0])
      if let table = tables(in: ours).first, try Manifest.read(from: ours) == nil {
        throw DataError(
          .missing, file: ours.appendingPathComponent(fileName(.train)).path,
          problem: "the training table is not there, although \(table.lastPathComponent) is",
          hint: "Put it there, or run `sbm data generate listops --replace`")
      }
      return .absent
    }
    guard let manifest = try Manifest.read(from: folder) else { return .ready }
    func refuse(_ problem: String, _ wayOut: String) -> DataError {
      DataError(
        .malformed, file: folder.path, problem: problem,
        hint: "\(wayOut), replace the tables with `sbm data generate listops --replace`, or choose "
          + "another data.root (SBM_DATA)")
    }
    guard manifest.seed == seed else {
      throw refuse(
        "these tables were generated with seed \(manifest.seed), the run asks for \(seed)",
        "Set data.seed to \(manifest.seed)")
    }
    guard manifest.generatorVersion == ListOpsGenerator.version else {
      throw refuse(
        "these tables are of the generator's version \(manifest.generatorVersion), "
          + "not \(ListOpsGenerator.version)", "Use the program that made them")
    }
    let there = manifest.counts
    if there.train >= needed.train && there.dev >= needed.dev && there.test >= needed.test {
      return .ready
    }
    if manifest.mayGrow == true, there.dev == counts.dev, there.test == counts.test {
      return .growing
    }
    throw refuse(
      "these tables have \(there.train), \(there.dev) and \(there.test) rows, the run asks for "
        + "\(needed.train), \(needed.dev) and \(needed.test)",
      "Set data.train_examples, data.dev_examples and data.test_examples")
  }

  /// Generates the tables below `root` if there are none, or too few training rows in those made by an
  /// earlier call with this seed. Those are the beginning of the new ones; a run that reads them goes on.
  ///
  /// - Parameter needed: the rows that will be read, if less than all.
  /// - Returns: whether tables were generated.
  /// - Throws: `DataError` when other tables are there that do not serve, or they cannot be written.
  @discardableResult
  public static func ensureGenerated(
    root: DataRoot, seed: UInt64 = 0, counts: Counts = Counts(), needed: Counts? = nil,
    progress: DataProgress.Handler? = nil
  ) throws -> Bool {
    func state() throws -> Availability {
      try availability(root, seed: seed, counts: counts, needed: needed ?? counts)
    }
    // Tables that serve are read where nothing may be written.
    if case .ready = try state() { return false }
    let folder = root.root.appendingPathComponent(folders[0])
    let manifest = Manifest(seed: seed, counts: counts, mayGrow: true)
    return try locked(folder) {
      switch try state() {
      case .ready: return false
      case .absent: try write(manifest, into: folder, TaskSpecification.listops.splits, progress)
      // Dev and test stay the same.
      case .growing: try write(manifest, into: folder, [.train], progress)
      }
      return true
    }
  }
}
