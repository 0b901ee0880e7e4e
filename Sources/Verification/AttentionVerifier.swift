import Attention
import HDF5
import Kernels
import Models
import NN
import Randomness
import Torch

/// Compares one attention block with `/attention/<kind>`: values and every gradient.
struct AttentionVerifier {
  let group: HDF5Group
  let kind: String
  let tolerances: Tolerances
  let path: ComputePath
  let device: Device

  var entry: String { "attention/\(kind)" }

  func run() throws -> [Check] {
    let x = try group.tensor("x").to(device)
    let mask = try group.tensor("mask").to(device)
    let block = try AttentionBlock(configuration(length: x.size(1)))
    try load(into: block)
    try withError { block.move(to: device) }
    let ours = try withError { try evaluate(block, x: x, mask: mask) }
    return try compare(ours)
  }

  private func configuration(length: Int) throws -> AttentionConfiguration {
    try AttentionConfiguration(
      kind: kind, heads: group.integer("num_head"), headDim: group.integer("head_dim"),
      dim: group.integer("transformer_dim"),
      maximumLength: max(length, group.integer("max_seq_len", default: length)), dropout: 0,
      options: PublishedOptions.read(kind: kind, from: group), stream: RandomStream(seed: 0))
  }

  private func load(into block: AttentionBlock) throws {
    var values = try group.tensors(below: "param")
    for (name, buffer) in try group.tensors(below: "buffer") { values[name] = buffer }
    try loadPublished(values, into: block, names: PublishedNames.attentionBlock, entry: entry)
  }

  /// Everything the file may hold, by its name there.
  private func evaluate(_ block: AttentionBlock, x: Tensor, mask: Tensor) throws -> [String: Tensor]
  {
    var results: [String: Tensor] = [:]
    var context = ForwardContext.evaluation(
      count: x.size(0), experimentProtocol: .published, path: path)
    // The golden values at padding are computed like any others.
    context.computesPadding = true
    if try group.exists("uniform") {
      context.edgeUniforms = [try group.tensor("uniform").to(device)]
    }
    if try group.exists("random_rotation/0") {
      context.rotations = [try group.tensor("random_rotation/0").to(device)]
    }
    let hidden = x.requiringGradient()
    let (y, density) = block(hidden, keyMask: mask, context: context)
    results["y"] = y
    if let density { results["density_per_head"] = density.mean(0) }
    if let sbm = block.mechanism as? SBMAttention, let uniform = context.edgeUniforms?.first {
      let probability = sbm.memberships(block.project(hidden, keyMask: mask)).edgeProbability
      results["edge_probability"] = probability
      results["edge_mask"] = (uniform .< (probability + 0.01).clamped(0, 1)).to(.float32)
    }
    let parameters = block.trainableParameters()
    let gradients = y.gradients(
      of: [hidden] + parameters.map(\.parameter.value),
      upstream: try group.tensor("upstream").to(device))
    results["grad/x"] = gradients[0]
    for (parameter, gradient) in zip(parameters, gradients.dropFirst()) where gradient.isDefined {
      results["grad/param/\(PublishedNames.attentionBlock(parameter.name))"] = gradient
    }
    return results
  }

  private func compare(_ ours: [String: Tensor]) throws -> [Check] {
    var names = ["y", "grad/x"]
    for name in ["density_per_head", "edge_probability", "edge_mask"]
    where try group.exists(name) { names.append(name) }
    let stored = try group.tensors(below: "grad/param").keys.map { "grad/param/\($0)" }
    // A gradient of ours that the file does not have is as wrong as a missing one.
    names += Set(stored).union(ours.keys.filter { $0.hasPrefix("grad/param/") }).sorted()
    return try names.map { name in
      var error = Double.infinity
      if let mine = ours[name], try group.exists(name) {
        error = goldenError(mine.array(), try group.tensor(name).array())
      }
      return Check(
        entry: entry, quantity: name, error: error,
        bound: tolerances.attention(kind: kind, quantity: name))
    }
  }
}

/// Loads values by their published names.
///
/// - Throws: ``GoldenError`` naming the parameter that is missing or has another shape.
func loadPublished(
  _ values: [String: Tensor], into module: some Module, names: (String) -> String, entry: String
) throws {
  var ours: [String: Tensor] = [:]
  for (name, _) in module.namedParameters() {
    let published = names(name)
    guard let value = values[published] else {
      // Projections that a mechanism does not use may be left out of the file.
      throw GoldenError(place: entry, problem: "no value for parameter '\(published)'")
    }
    ours[name] = value
  }
  do {
    try module.load(ours)
  } catch let error as ParameterError {
    throw GoldenError(place: entry, problem: "\(error)")
  }
}
