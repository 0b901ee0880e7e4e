import Reports
import Testing

@Suite struct PaperValuesTests {
  @Test func everyModelHasEveryTaskAndNothingIsVerified() {
    for model in PaperValues.models {
      #expect(model.values.count == PaperValues.tasks.count)
      #expect(model.values.allSatisfy { !$0.verified && $0.accuracy > 10 && $0.accuracy < 90 })
    }
    let sbm = PaperValues.value(mechanism: "sbm", task: "listops")
    #expect(sbm?.accuracy == 37.45 && sbm?.density == 20.09)
    #expect(PaperValues.value(mechanism: "softmax", task: "pathfinder32")?.accuracy == 74.26)
    #expect(PaperValues.value(mechanism: "window", task: "listops") == nil)
  }
}
