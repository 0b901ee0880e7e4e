import NN
import Randomness
import Testing
import Torch

private final class Inner: Module {
  let weight = Parameter(.ones([2]))
  let table = Parameter(.zeros([3]), isTrainable: false)
}

private final class Outer: Module {
  let first = Inner()
  let list = [Inner(), Inner()]
  let optional: Inner? = Inner()
  let missing: Inner? = nil
  let number = 3
}

private struct Pair {
  var name: String
  var weight: Parameter
}

private final class InAStruct: Module {
  let pair: Pair? = Pair(name: "a", weight: Parameter(.ones([2])))
}

private final class InATuple: Module {
  let both = [(1, Inner())]
}

private final class InADictionary: Module {
  let named = ["a": Parameter(.ones([2]))]
}

@Suite struct ModuleTests {
  @Test func parametersAreNamedByTheirPath() {
    let module = Outer()
    #expect(
      module.namedParameters().map(\.name) == [
        "first.weight", "first.table", "list.0.weight", "list.0.table", "list.1.weight",
        "list.1.table", "optional.weight", "optional.table",
      ])
    #expect(module.trainableParameters().count == 4)
    #expect(module.parameterCount == 8)
  }

  /// They would never be trained.
  @Test func parametersInsideValuesAreRefused() async {
    await #expect(processExitsWith: .failure) { _ = InAStruct().namedParameters() }
    await #expect(processExitsWith: .failure) { _ = InATuple().namedParameters() }
    await #expect(processExitsWith: .failure) { _ = InADictionary().namedParameters() }
  }

  @Test func loadingIsStrictAndChangesNothingOnFailure() throws {
    let module = Inner()
    #expect(throws: ParameterError.missing(name: "table")) {
      try module.load(["weight": .zeros([2])])
    }
    #expect(throws: ParameterError.unknown(name: "extra")) {
      try module.load(["weight": .zeros([2]), "table": .zeros([3]), "extra": .zeros([1])])
    }
    #expect(throws: ParameterError.shape(name: "table", expected: [3], found: [4])) {
      try module.load(["weight": .zeros([2]), "table": .zeros([4])])
    }
    #expect(module.weight.value.array() == [1, 1] as [Float])
    try module.load(["weight": .zeros([2]), "table": .ones([3])])
    #expect(module.weight.value.array() == [0, 0] as [Float])
    #expect(module.weight.value.requiresGradient)
  }

  @Test func initialParametersDependOnTheStreamOnly() {
    let stream = RandomStream(seed: 3)
    let a = Linear(8, 4, stream: stream)
    let b = Linear(8, 4, stream: stream)
    #expect(a.weight.value.array(of: Float.self) == b.weight.value.array(of: Float.self))
    let bound = Float(1 / 8.0.squareRoot())
    #expect(a.weight.value.array(of: Float.self).allSatisfy { abs($0) <= bound })
    #expect(
      a.weight.value.array(of: Float.self)
        != Linear(8, 4, stream: stream.child(1)).weight.value.array(of: Float.self))
  }
}

@Suite struct DropoutTests {
  /// An entry's fate does not depend on which other examples are in the batch, nor on padding.
  @Test func masksDependOnTheExampleOnly() {
    let x = Tensor.ones([2, 6, 40])
    let both = ForwardContext(keys: [11, 22], isTraining: true)
    let second = ForwardContext(keys: [22], isTraining: true)
    let together = dropout(x, probability: 0.5, site: .embeddingDropout, context: both)
    let alone = dropout(
      .ones([1, 4, 40]), probability: 0.5, site: .embeddingDropout, context: second)
    #expect(
      together.selected(0, 1).narrowed(0, start: 0, length: 4).array(of: Float.self)
        == alone.array(of: Float.self))
  }

  @Test func theExpectationIsKept() {
    let context = ForwardContext(keys: [1], isTraining: true)
    let y = dropout(
      .ones([1, 500, 400]), probability: 0.1, site: .residualDropout, context: context)
    let deviation = (0.1 / 0.9 / 200_000).squareRoot()
    #expect(abs(y.mean().item - 1) < 5 * deviation)
  }

  @Test func evaluationDropsNothing() {
    let x = Tensor.ones([1, 3, 4])
    let y = dropout(
      x, probability: 0.9, site: .residualDropout, context: ForwardContext(keys: [1]))
    #expect(y.array() == x.array(of: Float.self))
  }
}
