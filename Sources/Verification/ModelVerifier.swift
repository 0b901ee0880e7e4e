import Attention
import HDF5
import Kernels
import Models
import NN
import Randomness
import Steps
import Torch

/// Compares a whole model's training with `/model/<name>`: loss, learning rate and β₁ of every step,
/// the first gradients, the final parameters.
struct ModelVerifier {
  let group: HDF5Group
  let name: String
  let kind: String
  let tolerances: Tolerances
  let path: ComputePath
  let device: Device

  var entry: String { "model/\(name)" }

  func run() throws -> [Check] {
    let model = try makeModel()
    try loadPublished(
      group.tensors(below: "param"), into: model, names: PublishedNames.model, entry: entry)
    return try withError {
      model.move(to: device)
      return try train(model)
    }
  }

  private var isMatching: Bool {
    get throws { try group.exists("input_ids_1") }
  }

  private func makeModel() throws -> SequenceModel {
    let classes = try group.integer("num_classes")
    var configuration = try ModelConfiguration(
      vocabularySize: group.integer("vocab_size"), maximumLength: group.integer("max_seq_len"),
      attention: kind,
      head: isMatching ? .matching(classes: classes) : .classification(classes: classes))
    configuration.layers = try group.integer("num_layers")
    configuration.dim = try group.integer("transformer_dim")
    configuration.feedForwardDim = try group.integer("transformer_hidden_dim")
    configuration.heads = try group.integer("num_head")
    configuration.headDim = try group.integer("head_dim")
    configuration.dropout = 0
    configuration.attentionDropout = 0
    configuration.attentionOptions = try PublishedOptions.read(kind: kind, from: group)
    return try SequenceModel(configuration, stream: RandomStream(seed: 0))
  }

  private func train(_ model: SequenceModel) throws -> [Check] {
    let inputs = try group.indices("input_ids").to(device)
    let second = try isMatching ? group.indices("input_ids_1").to(device) : nil
    let labels = try group.indices("label").to(device)
    let uniforms = try group.exists("uniform") ? group.tensor("uniform").to(device) : nil
    let schedule = try OneCycle(
      peak: group.number("learning_rate"), warmupSteps: group.integer("warmup"),
      totalSteps: group.integer("num_train_steps"))
    let parameters = model.trainableParameters()
    var optimizer = try AdamW(
      parameters.map(\.parameter), epsilon: group.number("eps"),
      weightDecay: group.number("weight_decay"))
    // The published runs add 1e-4 · density for SBM (the golden files' `sparsity_weight` where given).
    let given = try group.hasAttribute("sparsity_weight") ? group.number("sparsity_weight") : 0
    let densityWeight = given > 0 ? given : 1e-4

    var checks: [Check] = []
    var series: [String: [Float]] = [:]
    for step in 0..<inputs.size(0) {
      var context = ForwardContext.evaluation(
        count: inputs.size(1), experimentProtocol: .published, path: path)
      context.edgeUniforms = uniforms.map { all in
        (0..<all.size(1)).map { all.selected(0, step).selected(0, $0) }
      }
      let output = model(
        TextInput(tokens: inputs.selected(0, step)),
        second.map { TextInput(tokens: $0.selected(0, step)) }, context: context)
      let losses = crossEntropy(output.logits, labels: labels.selected(0, step))
      var objective = losses.mean()
      series["loss", default: []].append(Float(objective.item))
      if let density = output.density?.mean() {
        series["density", default: []].append(Float(density.item))
        objective = objective + density * densityWeight
      }
      let gradients = objective.gradients(of: parameters.map(\.parameter.value))
      if step == 0 {
        checks.append(try check("loss_per_example_step0", losses.array()))
        for (parameter, gradient) in zip(parameters, gradients) {
          let published = PublishedNames.model(parameter.name)
          let stored = try group.exists("grad/\(published)")
          if stored || gradient.isDefined {
            checks.append(
              try check("grad/\(published)", gradient.isDefined ? gradient.array() : []))
          }
        }
      }
      let (learningRate, beta1) = schedule(step)
      series["lr", default: []].append(Float(learningRate))
      series["beta1", default: []].append(Float(beta1))
      optimizer.step(gradients: gradients, learningRate: learningRate, beta1: beta1)
    }
    for name in ["loss", "lr", "beta1", "density"] where try group.exists(name) {
      checks.append(try check(name, series[name] ?? []))
    }
    for (name, parameter) in parameters {
      checks.append(
        try check(
          "param_final/\(PublishedNames.model(name))", parameter.value.array(),
          bound: tolerances.finalParameters))
    }
    return checks
  }

  private func check(_ quantity: String, _ ours: [Float], bound: Double? = nil) throws -> Check {
    let error =
      try group.exists(quantity)
      ? goldenError(ours, try group.tensor(quantity).array()) : .infinity
    return Check(
      entry: entry, quantity: quantity, error: error, bound: bound ?? tolerances.general)
  }
}
