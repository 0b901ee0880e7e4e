import Presentation
import RunLog
import Tasks

extension Comparison {
  /// The comparison for a person.
  public var text: String {
    let main = metrics.first
    return
      ([header, table] + metrics.filter { $0.test != nil || !$0.seeds.isEmpty }.map(paragraph)
      + [obstacleSentence, main.map(conclusion) ?? "", settingsTable])
      .filter { !$0.isEmpty }.joined(separator: "\n")
  }

  private var header: String {
    let names = zip(["A", "B"], sides).map { letter, side in
      let seeds = side.runs.map { "\($0.log.labels.seed)" }.joined(separator: ", ")
      let word = side.runs.count == 1 ? "seed" : "seeds"
      let open = side.runs.count - side.finished.count
      return "\(letter)  \(side.name), \(word) \(seeds)"
        + (open == 0 ? "" : ", of which \(open) not finished")
    }
    return names.joined(separator: "\n") + "\n"
  }

  private var table: String {
    let split = sides[0].runs.first.map { TaskNames.testedSplit($0.log) } ?? "test"
    var table = Table(
      "\(TaskNames.title(task)): \(split) results",
      columns: [
        .init("metric", isNumeric: false), .init("guessing"), .init("A"), .init("B"),
        .init("B − A"), .init("95 % of B − A"), .init("p"),
      ])
    for metric in metrics {
      table.append([
        Table.Cell(TaskNames.shortMetric(metric.metric)),
        Table.Cell(metric.guess.map { number(metric, $0) } ?? "", .quiet),
        Table.Cell(Formatting.metric(metric.metric, metric.sides[0])),
        Table.Cell(Formatting.metric(metric.metric, metric.sides[1])),
        Table.Cell(signed(metric, metric.difference)),
        Table.Cell(
          metric.test.map {
            "\(signed(metric, $0.interval.lowerBound)) … \(signed(metric, $0.interval.upperBound))"
          } ?? ""), Table.Cell(metric.test.map { Self.word($0.probability) } ?? ""),
      ])
    }
    return table.rows.isEmpty ? "" : TextFormats.text(table.withoutEmptyColumns())
  }

  /// How the numbers of a metric came about.
  private func paragraph(_ metric: MetricDifference) -> String {
    var lines: [String] = []
    let name = TaskNames.shortMetric(metric.metric)
    if let test = metric.test {
      let common = test.areCommon ? " that all runs answered" : ""
      var line = "\(name): \(test.name) on \(Formatting.grouped(test.examples)) examples\(common)"
      if let only = test.onlyRight {
        line +=
          " (only A right: \(Formatting.grouped(only.first)), only B right: "
          + "\(Formatting.grouped(only.second)))"
      } else {
        line += ", \(Formatting.grouped(Self.resamples)) resamples of examples"
      }
      lines.append(line)
    }
    if metric.seeds.count > 1, let statistic = Statistic(metric.seeds.map(\.difference)),
      let half = statistic.halfWidth
    {
      let each = metric.seeds.map { "\($0.seed): \(signed(metric, $0.difference))" }
      lines.append(
        "\(name) by seed: \(each.joined(separator: ", ")); mean "
          + "\(signed(metric, statistic.mean)) ± \(number(metric, half)) (95 %, Student's t)")
    }
    return lines.map { TextFormats.wrapped($0) + "\n" }.joined()
  }

  private var obstacleSentence: String {
    obstacle.map { "No paired test: \($0).\n" } ?? ""
  }

  /// What it comes to.
  private func conclusion(_ metric: MetricDifference) -> String {
    var sentences: [String] = []
    let name = TaskNames.shortMetric(metric.metric)
    let counts = sides.map(\.finished.count)
    let runs = counts.allSatisfy { $0 == 1 } ? "" : " and \(counts[0]) and \(counts[1]) runs"
    if let test = metric.test {
      let prefersLarger = Metric(logged: metric.metric).prefersLarger
      if test.isSignificant {
        let better = (metric.difference > 0) == prefersLarger ? "B" : "A"
        sentences.append("\(better) is better by \(name) (p \(Self.word(test.probability, "= ")))")
      } else {
        sentences.append(
          "n too small to tell: with \(Formatting.grouped(test.examples)) examples\(runs) a difference "
            + "below \(number(metric, test.resolution)) can be chance")
      }
    } else {
      sentences.append("Whether the difference is chance cannot be told")
    }
    if counts.allSatisfy({ $0 < 2 }) {
      sentences.append("how much other seeds would differ is not known from one run a side")
    } else if counts.contains(where: { $0 < 2 }) {
      sentences.append(
        "the side with one run is taken to differ from seed to seed as the other does")
    }
    return TextFormats.wrapped(sentences.joined(separator: "; ") + ".") + "\n"
  }

  private var settingsTable: String {
    guard !settings.isEmpty else { return "No setting that influences results differs.\n" }
    var table = Table(
      "Settings that differ",
      columns: [
        .init("setting", isNumeric: false), .init("A", isNumeric: false),
        .init("B", isNumeric: false),
      ])
    for setting in settings {
      table.append(
        [Table.Cell(setting.key)]
          + setting.values.map { $0.isEmpty ? "–" : $0 }.map { Table.Cell($0) })
    }
    return TextFormats.text(table)
  }

  private func number(_ metric: MetricDifference, _ value: Double) -> String {
    Formatting.fixed(Formatting.factor(of: metric.metric) * value, digits: 2)
  }

  private func signed(_ metric: MetricDifference, _ value: Double) -> String {
    Formatting.difference(Formatting.factor(of: metric.metric) * value)
  }

  /// A probability: `0.034`, `< 0.001`; with a sign before it where asked for.
  static func word(_ probability: Double, _ sign: String = "") -> String {
    probability < 0.001 ? "< 0.001" : sign + Formatting.fixed(probability, digits: 3)
  }

  /// One JSON object a metric.
  public var json: String {
    metrics.map { metric in
      let factor = Formatting.factor(of: metric.metric)
      let fields: [(String, RecordValue)] = [
        ("task", .text(task)), ("metric", .text(metric.metric)), ("a", .text(sides[0].name)),
        ("b", .text(sides[1].name)), ("a_mean", RecordValue(factor * metric.sides[0].mean)),
        ("b_mean", RecordValue(factor * metric.sides[1].mean)),
        ("a_sd", RecordValue(metric.sides[0].deviation.map { factor * $0 })),
        ("b_sd", RecordValue(metric.sides[1].deviation.map { factor * $0 })),
        ("a_runs", .integer(metric.sides[0].count)), ("b_runs", .integer(metric.sides[1].count)),
        ("guess", RecordValue(metric.guess.map { factor * $0 })),
        ("difference", RecordValue(factor * metric.difference)),
        ("test", metric.test.map { .text($0.name) } ?? .none),
        ("p", RecordValue(metric.test?.probability)),
        ("low", RecordValue(metric.test.map { factor * $0.interval.lowerBound })),
        ("high", RecordValue(metric.test.map { factor * $0.interval.upperBound })),
        ("examples", RecordValue(metric.test?.examples)),
        ("significant", metric.test.map { .flag($0.isSignificant) } ?? .none),
        ("obstacle", obstacle.map { .text($0) } ?? .none),
        (
          "settings",
          .text(
            settings.map { "\($0.key)=\($0.values.joined(separator: "|"))" }
              .joined(separator: ";"))
        ),
      ]
      return "{" + fields.map { "\"\($0.0)\": \($0.1.json)" }.joined(separator: ", ") + "}\n"
    }.joined()
  }
}
