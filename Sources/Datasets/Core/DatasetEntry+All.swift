import Synchronization

extension DatasetEntry {
  /// Every data set of this package, in the order of the paper's tables. To add one: write its folder, with
  /// its task and its entry, and name the entry here.
  private static let shipped: [DatasetEntry] =
    [.listops, .text, .retrieval, .image, .pathfinder32, .repeats] + glue + [.mlm, .labelled]

  private struct Additions {
    var entries: [DatasetEntry] = []
    var isClosed = false
  }

  private static let additions = Mutex(Additions())

  /// Every data set that can be loaded: those of this package, then those added.
  public static let all: [DatasetEntry] = additions.withLock {
    $0.isClosed = true
    return shipped + $0.entries
  }

  /// Adds a data set of a program that brings its own.
  ///
  /// - Precondition: there is none of its name, and nobody has asked for ``all`` yet.
  public static func add(_ entry: DatasetEntry) {
    additions.withLock {
      precondition(!$0.isClosed, "data sets are added before anything else is done")
      let name = entry.task.name
      precondition(
        !(shipped + $0.entries).contains { $0.task.name == name },
        "there are two data sets '\(name)'")
      $0.entries.append(entry)
    }
  }
}
