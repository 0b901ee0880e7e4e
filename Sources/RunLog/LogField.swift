/// A part of a log's file, declared once: what it is called, what is written of a log, how it is read, and
/// whether it is part of what a run computes.
struct LogField<Log>: Sendable {
  /// The attributes (`/@name`) and data sets (`/cost/flops`) that it has a name for.
  var paths: [String]
  /// Whether every log of the same run has it equal to the bit. What says how and when a run was carried
  /// out differs between an interrupted run and an uninterrupted one, and between machines.
  var isComputed = true
  /// What is written of a log, in the file's order.
  var entries: @Sendable (Log) -> [LogEntry]
  /// Takes its part of a log from a file.
  var read: @Sendable (LogReader, inout Log) throws -> Void
}

/// One attribute or data set with its content.
struct LogEntry {
  var path: String
  let content: any LogContent
}

// MARK: Declarations

extension LogField {
  /// One attribute or data set.
  ///
  /// - Parameter absence: what logs from before the field are read as having; without it such a log is
  ///   refused, but for a value that may be nil.
  init<Value: LogValue>(
    _ path: String, _ value: WritableKeyPath<Log, Value> & Sendable, isComputed: Bool = true,
    whereAbsent absence: Value? = nil
  ) {
    self.init(
      paths: [path], isComputed: isComputed,
      entries: { log in
        log[keyPath: value].content.map { [LogEntry(path: path, content: $0)] } ?? []
      },
      read: { reader, log in
        if let absence, try !reader.exists(path) {
          log[keyPath: value] = absence
        } else {
          log[keyPath: value] = try Value.read(reader, path)
        }
      })
  }

  /// What another field has already, once more for readers of the file.
  static func copy<Value: LogValue>(
    _ path: String, of value: KeyPath<Log, Value> & Sendable
  ) -> LogField {
    LogField(
      paths: [path],
      entries: { log in
        log[keyPath: value].content.map { [LogEntry(path: path, content: $0)] } ?? []
      },
      read: { _, _ in })
  }

  /// The metrics of a group, each a data set of its own: what no field has a name for.
  static func metrics<Value: LogValue>(
    _ metrics: WritableKeyPath<Log, [String: Value]> & Sendable,
    read: @escaping @Sendable (LogReader, String, Log) throws -> Value,
    check: @escaping @Sendable (Value) -> [Double]
  ) -> LogField {
    LogField(
      paths: [],
      entries: { log in
        log[keyPath: metrics].sorted { $0.key < $1.key }.compactMap { name, value in
          value.content.map { LogEntry(path: "/\(name)", content: $0) }
        }
      },
      read: { reader, log in
        for name in try reader.undeclared() {
          let value = try read(reader, "/\(name)", log)
          try reader.check("/\(name)", check(value), .metric(name))
          log[keyPath: metrics][name] = value
        }
      })
  }

  /// The field, which refuses values that no run can have.
  func checked(
    _ values: @escaping @Sendable (Log) -> [Double], _ plausible: Plausible
  ) -> LogField {
    var field = self
    field.read = { reader, log in
      try read(reader, &log)
      try reader.check(paths[0], values(log), plausible)
    }
    return field
  }
}

// MARK: Fields of a part

extension LogField {
  /// The field of a log of which `Log` is the part at `part`, its data sets in `group`.
  func of<Whole>(
    _ part: WritableKeyPath<Whole, Log> & Sendable, in group: String = ""
  ) -> LogField<Whole> {
    LogField<Whole>(
      paths: paths.map { group + $0 }, isComputed: isComputed,
      entries: { entries($0[keyPath: part]).map { $0.moved(to: group) } },
      read: { try read($0.inside(group), &$1[keyPath: part]) })
  }

  /// The fields of a part that a log may lack, in a group that its file then lacks.
  static func optional<Part>(
    _ part: WritableKeyPath<Log, Part?> & Sendable, in group: String, blank: Part,
    _ fields: [LogField<Part>]
  ) -> LogField where Part: Sendable {
    LogField(
      paths: fields.flatMap(\.paths).map { group + $0 },
      entries: { log in
        guard let part = log[keyPath: part] else { return [] }
        return fields.flatMap { $0.entries(part) }.map { $0.moved(to: group) }
      },
      read: { reader, log in
        guard try reader.exists(group) else { return }
        var read = blank
        for field in fields { try field.read(reader.inside(group), &read) }
        log[keyPath: part] = read
      })
  }
}

extension LogEntry {
  fileprivate func moved(to group: String) -> LogEntry {
    LogEntry(path: group + path, content: content)
  }
}
