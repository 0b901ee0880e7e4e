extension RunLog {
  /// One row of a curve.
  public struct Row: Sendable {
    /// Optimizer steps done, from 1.
    public var step: Int
    /// Metrics by name, as fractions where `Metric` says so; every row of a curve has the same names.
    public var metrics: [String: Double]
    /// Training examples seen so far.
    public var examples: Int
    private var values: [CurveColumn: Double]

    /// A row.
    public init(
      step: Int, loss: Double, metrics: [String: Double] = [:], learningRate: Double? = nil,
      density: Double? = nil, seconds: Double, examples: Int
    ) {
      self.step = step
      self.metrics = metrics
      self.examples = examples
      values = [.loss: loss, .seconds: seconds]
      self[.learningRate] = learningRate
      self[.density] = density
    }

    /// The row's value in a column; nil where it has none.
    public subscript(column: CurveColumn) -> Double? {
      get { values[column] }
      set { values[column] = newValue }
    }

    /// Mean loss (of the step's batch, or of the dev split).
    public var loss: Double { self[.loss] ?? .nan }
    /// Mean edge density, nil for a mechanism without.
    public var density: Double? { self[.density] }
  }

  /// A curve: typed columns of equal length, in order of steps.
  public struct Series: Sendable {
    /// Optimizer steps done, increasing.
    public internal(set) var steps: [Int] = []
    /// Metric columns by name.
    public internal(set) var metrics: [String: [Double]] = [:]
    /// Training examples seen so far.
    public internal(set) var examples: [Int] = []
    private var columns: [CurveColumn: [Double]] = [:]

    /// An empty curve.
    public init() {}

    /// Number of rows.
    public var count: Int { steps.count }

    /// A column, NaN where a row has no value.
    public internal(set) subscript(column: CurveColumn) -> [Double] {
      get { columns[column] ?? [] }
      set { columns[column] = newValue }
    }

    /// Whether any row has a value in a column.
    public func has(_ column: CurveColumn) -> Bool { self[column].contains { !$0.isNaN } }

    /// Mean losses.
    public var losses: [Double] { self[.loss] }
    /// Learning rates; NaN where there is none.
    public var learningRates: [Double] { self[.learningRate] }
    /// Mean edge densities; NaN where there is none.
    public var densities: [Double] { self[.density] }
    /// Wall-clock seconds of work since the run began.
    public var seconds: [Double] { self[.seconds] }

    /// Whether any row has a density.
    public var hasDensity: Bool { has(.density) }

    /// Adds a row; its step must be greater than the last one's, its metrics those of the others.
    public mutating func append(_ row: Row) {
      if let last = steps.last {
        precondition(row.step > last, "step \(row.step) logged after step \(last)")
        precondition(
          Set(metrics.keys) == Set(row.metrics.keys),
          "metrics \(row.metrics.keys.sorted()) logged after \(metrics.keys.sorted())")
      }
      steps.append(row.step)
      for (name, value) in row.metrics { metrics[name, default: []].append(value) }
      for column in CurveColumn.allCases {
        columns[column, default: []].append(row[column] ?? .nan)
      }
      examples.append(row.examples)
    }

    /// Drops the rows after a step.
    public mutating func truncate(afterStep step: Int) {
      let rows = steps.prefix { $0 <= step }.count
      steps = Array(steps.prefix(rows))
      metrics = rows == 0 ? [:] : metrics.mapValues { Array($0.prefix(rows)) }
      columns = columns.mapValues { Array($0.prefix(rows)) }
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
