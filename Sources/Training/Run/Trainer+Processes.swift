import Datasets
import Experiments
import HDF5
import Processes
import RunLog
import Steps
import Tasks
import Torch

extension Trainer {
  /// What the root finds when a run begins; the others learn of it what they need.
  struct Start {
    /// In the root: nobody else writes the run.
    var lock: RunLock?
    /// In the root, of a run that was begun.
    var saved: (log: RunLog, checkpoint: Checkpoint)?
    /// The order in which the run adds gradients.
    var summation = Summation.tree
    /// Which of equal evaluations has the best parameters.
    var selection = Selection.lowerLoss
    /// The kernels that the run computes with.
    var kernels = KernelRevision.latest

    private enum Verdict: Codable {
      case goesOn(summation: String, selection: String, kernels: String)
      case isLeft
    }

    /// - Throws: in the root what stands against the run; in the others ``TrainingError/rootLeavesRun`` when
    ///   the root throws an error after which other runs go on, else `RootFailure`.
    init(
      of run: RunConfiguration, data: TaskData, files: RunFiles,
      _ continuation: RunFiles.Continuation, _ processes: ProcessGroup
    ) throws {
      var refusal: TrainingError?
      let verdict = try processes.atRoot { _ -> Verdict in
        do {
          // First of all: what is read below stays as it is from now on.
          lock = try RunLock(files)
          let state = try files.state(of: run, continuation) { _ in data.identity }
          if state == .finished { throw TrainingError.runIsFinished(log: files.log.path) }
          if state == .resumable { saved = try files.saved(for: run, data: data.identity) }
          summation = saved?.log.summation ?? .tree
          selection = saved?.log.selection ?? .lowerLoss
          kernels = saved?.log.kernels ?? .latest
          if summation == .sequence, processes.size > 1 {
            throw TrainingError.needsOneProcess(log: files.log.path)
          }
          return .goesOn(
            summation: summation.rawValue, selection: selection.rawValue, kernels: kernels.rawValue)
        } catch let error as TrainingError where error.leavesOtherRuns && processes.size > 1 {
          refusal = error
          return .isLeft
        }
      }
      switch verdict {
      case .goesOn(let order, let choice, let revision):
        summation = Summation(rawValue: order) ?? .tree
        selection = Selection(rawValue: choice) ?? .lowerLoss
        kernels = KernelRevision(rawValue: revision) ?? .latest
      case .isLeft: throw refusal ?? .rootLeavesRun
      }
    }
  }

  /// Gives all processes the root's parameters, moments and counts, so that only the root needs the files
  /// that they come from.
  mutating func shareState() throws {
    guard processes.size > 1 else { return }
    try shareCounts()
    try share(Checkpoint.values(of: step.model))
    for moments in [optimizer.state.firstMoments, optimizer.state.secondMoments] {
      for moment in moments { try share(moment) }
    }
    if let best { try share(best.parameters) }
  }

  private mutating func shareCounts() throws {
    var message = Message()
    for count in [done, evaluatedStep, optimizer.state.step, best?.step ?? -1] {
      message.append(count)
    }
    message.append(best?.score ?? 0)
    message.append(best?.loss ?? 0)
    var reader = MessageReader(try processes.share(processes.isRoot ? message.bytes : nil))
    (done, evaluatedStep) = (try reader.value(), try reader.value())
    optimizer.state.step = try reader.value()
    let (bestStep, score): (Int, Double) = (try reader.value(), try reader.value())
    let loss: Double = try reader.value()
    guard bestStep >= 0, !processes.isRoot else { return }
    let parameters = try withError {
      Checkpoint.values(of: step.model).mapValues { $0.cloned() }
    }
    best = .init(step: bestStep, score: score, loss: loss, parameters: parameters)
  }

  private func share(_ tensors: [String: Tensor]) throws {
    for (_, tensor) in tensors.sorted(by: { $0.key < $1.key }) { try share(tensor) }
  }

  /// As checkpoints keep them: in numbers of four bytes.
  private func share(_ tensor: Tensor) throws {
    var values = try withError { tensor.array(of: Float.self) }
    try processes.broadcast(&values)
    guard !processes.isRoot else { return }
    try withError { tensor.copy(inPlace: Tensor(values, shape: tensor.shape)) }
  }
}
