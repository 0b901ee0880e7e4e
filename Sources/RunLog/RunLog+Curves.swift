extension RunLog {
  /// One row of a curve.
  public struct Row: Sendable {
    /// Optimizer steps done, from 1.
    public var step: Int
    /// Mean loss (of the step's batch, or of the dev split).
    public var loss: Double
    /// Metrics by name, as fractions where `Metric` says so; every row of a curve has the same names.
    public var metrics: [String: Double]
    /// The step's learning rate; nil on dev.
    public var learningRate: Double?
    /// Mean edge density, nil for a mechanism without.
    public var density: Double?
    /// Wall-clock seconds of work since the run began, without the time it lay interrupted.
    public var seconds: Double
    /// Training examples seen so far.
    public var examples: Int

    /// A row.
    public init(
      step: Int, loss: Double, metrics: [String: Double] = [:], learningRate: Double? = nil,
      density: Double? = nil, seconds: Double, examples: Int
    ) {
      self.step = step
      self.loss = loss
      self.metrics = metrics
      self.learningRate = learningRate
      self.density = density
      self.seconds = seconds
      self.examples = examples
    }
  }

  /// A curve: typed columns of equal length, in order of steps.
  public struct Series: Sendable {
    /// Optimizer steps done, increasing.
    public internal(set) var steps: [Int] = []
    /// Mean losses.
    public internal(set) var losses: [Double] = []
    /// Metric columns by name.
    public internal(set) var metrics: [String: [Double]] = [:]
    /// Learning rates; NaN where there is none.
    public internal(set) var learningRates: [Double] = []
    /// Mean edge densities; NaN where there is none.
    public internal(set) var densities: [Double] = []
    /// Wall-clock seconds of work since the run began.
    public internal(set) var seconds: [Double] = []
    /// Training examples seen so far.
    public internal(set) var examples: [Int] = []

    /// An empty curve.
    public init() {}

    /// Number of rows.
    public var count: Int { steps.count }

    /// Whether any row has a density.
    public var hasDensity: Bool { densities.contains { !$0.isNaN } }

    /// Adds a row; its step must be greater than the last one's, its metrics those of the others.
    public mutating func append(_ row: Row) {
      if let last = steps.last {
        precondition(row.step > last, "step \(row.step) logged after step \(last)")
        precondition(
          Set(metrics.keys) == Set(row.metrics.keys),
          "metrics \(row.metrics.keys.sorted()) logged after \(metrics.keys.sorted())")
      }
      steps.append(row.step)
      losses.append(row.loss)
      for (name, value) in row.metrics { metrics[name, default: []].append(value) }
      learningRates.append(row.learningRate ?? .nan)
      densities.append(row.density ?? .nan)
      seconds.append(row.seconds)
      examples.append(row.examples)
    }

    /// Drops the rows after a step.
    public mutating func truncate(afterStep step: Int) {
      let rows = steps.prefix { $0 <= step }.count
      steps = Array(steps.prefix(rows))
      losses = Array(losses.prefix(rows))
      metrics = metrics.mapValues { Array($0.prefix(rows)) }
      if rows == 0 { metrics = [:] }
      learningRates = Array(learningRates.prefix(rows))
      densities = Array(densities.prefix(rows))
      seconds = Array(seconds.prefix(rows))
      examples = Array(examples.prefix(rows))
    }
  }

  /// Edge density `[evaluation, layer, head]`; evaluation i is row i of `dev`.
  public struct HeadDensity: Sendable {
    /// Layers of the model.
    public internal(set) var layers = 0
    /// Heads of a layer.
    public internal(set) var heads = 0
    /// The densities in row-major order.
    public internal(set) var values: [Double] = []

    /// No density.
    public init() {}

    /// Number of evaluations.
    public var evaluations: Int { layers * heads == 0 ? 0 : values.count / (layers * heads) }

    /// Adds an evaluation: densities `[layer][head]`, of the same shape every time.
    public mutating func append(_ evaluation: [[Double]]) {
      let shape = (evaluation.count, evaluation.first?.count ?? 0)
      precondition(
        shape.0 > 0 && evaluation.allSatisfy { $0.count == shape.1 && shape.1 > 0 },
        "density must be [layer][head]: got \(evaluation.map(\.count)) heads")
      precondition(
        values.isEmpty || shape == (layers, heads),
        "density of shape \(shape) logged after \((layers, heads))")
      (layers, heads) = shape
      values += evaluation.joined()
    }

    /// The densities of one layer and head over the evaluations.
    public func curve(layer: Int, head: Int) -> [Double] {
      (0..<evaluations).map { values[($0 * layers + layer) * heads + head] }
    }

    /// Keeps the first so many evaluations.
    public mutating func truncate(toEvaluations count: Int) {
      values = Array(values.prefix(count * layers * heads))
    }
  }
}
