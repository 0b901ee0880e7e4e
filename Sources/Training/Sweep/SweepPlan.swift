import Experiments
import Foundation

/// A run that is to be trained, and where its files go.
public struct PlannedRun: Sendable {
  /// The run's settings.
  public let configuration: RunConfiguration
  /// The folder of its log and checkpoint.
  public let folder: URL

  /// The run's name.
  public var name: String { configuration.name }
  /// Its log and checkpoint.
  public var files: RunFiles { RunFiles(folder: folder, run: configuration.name) }
}

/// The runs of an experiment that one command is to train.
public struct SweepPlan: Sendable {
  /// The runs, in the experiment's order. Those that were begun by a version in which defaults did not follow
  /// other settings have the settings that they were begun with, unless they are begun again.
  public let runs: [PlannedRun]
  /// What to do with runs that were begun and have not finished.
  public let continuation: RunFiles.Continuation
  /// Sentences about the plan.
  public let warnings: [String]
  /// The costs that it took to divide the experiment into parts, by `RunConfiguration.rehearsalKey`.
  public let costs: [String: RunCost]

  /// The plan of `experiment`.
  ///
  /// - Parameters:
  ///   - part: the part of it that is to be trained; nil for all.
  ///   - folder: where logs go; nil for `results/` and the experiment's own folder.
  /// - Throws: `AttentionError` when a mechanism's sizes or options do not fit.
  public init(
    _ experiment: Experiment, part: SweepPart? = nil, folder: String? = nil,
    continuation: RunFiles.Continuation
  ) throws {
    let all = experiment.runs
    var costs: [String: RunCost] = [:]
    let own = try part?.runs(of: all, costs: &costs) ?? all
    self.costs = costs
    warnings =
      part.map { part in
        own.isEmpty
          ? ["part \(part) of \(all.count) runs is empty: there are more parts than runs"] : []
      } ?? []
    self.continuation = continuation
    runs = own.map { run in
      let folder = URL(fileURLWithPath: folder ?? "results/\(run.folder)", isDirectory: true)
      let files = RunFiles(folder: folder, run: run.name)
      return PlannedRun(
        configuration: continuation == .restart ? run : files.asBegun(run), folder: folder)
    }
  }
}
