import Settings
import Tasks

/// One experiment file, with its bases merged in, not yet expanded.
struct ExperimentFile: Sendable {
  /// A named place in the file.
  struct Named<Value: Sendable>: Sendable {
    var name: String
    var mark: Mark
    var value: Value
  }

  /// An overlay of settings, and of seeds.
  struct Scale: Sendable {
    var entries: Entries
    var seeds: [UInt64]?
  }

  struct Sweep: Sendable {
    /// Named sets of overrides.
    var cases: [Named<Entries>] = []
    /// Every combination of the values of each key.
    var grid: [Named<[Entry]>] = []
  }

  /// What the file says of a setting's provenance.
  struct Claim: Sendable {
    var provenance: Provenance
    /// Only in resolved files: what had set the value.
    var setBy: String?
    /// How many bases lie under the file that says it.
    var depth: Int
    /// Whether the sweep is that file's, or one that lies under it.
    var concernsSweep = true

    /// Whether it is about a value of that layer: nobody says where values are from that others lay over his.
    func concerns(_ layer: Layer) -> Bool {
      switch layer {
      case .file(let depth): depth <= self.depth
      case .sweep: concernsSweep
      case .scale, .option: false
      }
    }
  }

  var start: Mark
  var name: String?
  var variant: String?
  var entries: Entries = [:]
  var seeds: [UInt64]?
  var defaultScale: Named<Void>?
  var scales: [Named<Scale>] = []
  var sweep: Sweep?
  var claims: [String: Claim] = [:]
  /// The files of a collection, each with its own scales and sweep.
  var children: [ExperimentFile] = []
  /// How many bases lie under it.
  var depth = 0

  static let reservedKeys = [
    "name", "description", "base", "experiments", "variant", "seeds", "scale", "scales", "sweep",
    "provenance",
  ]

  /// Adds axes of the command line to the sweep, or to those of the collection's files; one over a setting
  /// that the file's own grid varies takes its place.
  mutating func vary(_ axes: [Named<[Entry]>]) {
    guard !axes.isEmpty else { return }
    for index in children.indices { children[index].vary(axes) }
    var sweep = sweep ?? Sweep()
    for axis in axes {
      if let place = sweep.grid.firstIndex(where: { $0.name == axis.name }) {
        sweep.grid[place] = axis
      } else {
        sweep.grid.append(axis)
      }
    }
    self.sweep = sweep
  }

  /// This file with `base` under it: what this file does not say, the base says.
  func over(_ base: ExperimentFile) -> ExperimentFile {
    var merged = self
    merged.variant = variant ?? base.variant
    merged.entries = base.entries.merging(entries) { $1 }
    merged.seeds = seeds ?? base.seeds
    merged.defaultScale = defaultScale ?? base.defaultScale
    merged.sweep = sweep ?? base.sweep
    let inherited = base.claims.mapValues { claim in
      var claim = claim
      claim.concernsSweep = claim.concernsSweep && sweep == nil
      return claim
    }
    merged.claims = inherited.merging(claims) { $1 }
    // A scale replaces the base's of the same name as a whole.
    merged.scales =
      base.scales.filter { old in !scales.contains { $0.name == old.name } } + scales
    return merged
  }
}
