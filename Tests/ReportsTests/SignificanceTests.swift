import Reports
import Testing

/// Tests of significance; expected numbers are SciPy's.
@Suite struct SignificanceTests {
  @Test(arguments: [
    (9, 17, 0.16863754391670227), (5, 0, 0.0625), (130, 138, 0.6690270656844111), (0, 0, 1),
    (7, 7, 1), (3300, 3000, 0.00016475607669748363),
  ])
  func mcNemar(_ first: Int, _ second: Int, _ expected: Double) {
    let p = Significance.mcNemar(onlyFirst: first, onlySecond: second)
    #expect(abs(p - expected) < 1e-9)
    #expect(p == Significance.mcNemar(onlyFirst: second, onlySecond: first))
  }

  @Test(arguments: [
    (1.0, 12.706204736174694), (2, 4.302652729749462), (20, 2.085963447265864),
    (21, 2.0796138447276795), (40, 2.021075390306273), (1000, 1.9623390808264083),
    (2.5, 3.5746548420036817), (.infinity, 1.9599639845400545),
  ])
  func studentT(_ degrees: Double, _ expected: Double) {
    #expect(abs(StudentT.limit(degrees: degrees) - expected) < 1e-6)
  }

  @Test(arguments: [
    (0.0, 3.0, 1.0), (1, 1, 0.5), (2.5, 4, 0.06676654), (-2.5, 4, 0.06676654), (30, 2, 0.00110926),
    (1.7, 7.3, 0.13116537), (3, 1e9, 0.00269980),
  ])
  func probabilities(_ t: Double, _ degrees: Double, _ expected: Double) {
    #expect(abs(StudentT.probability(t, degrees: degrees) - expected) < 1e-7)
  }

  @Test func intervalsOfResamples() {
    let differences = (0...1000).map { Double($0) / 1000 - 0.1 }.shuffled()
    let interval = Significance.interval(differences)
    #expect(abs(interval.lowerBound + 0.075) < 1e-9 && abs(interval.upperBound - 0.875) < 1e-9)
    #expect(abs(Significance.probability(differences) - 0.2) < 0.01)
    #expect(Significance.probability([1, 2, 3]) == 0.5)
  }
}
