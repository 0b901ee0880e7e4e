import Exports
import Testing

@Suite struct CSVTests {
  @Test func fieldsAreQuotedWhereTheyMustBe() {
    #expect(CSV.line(["1", "a b", "é"]) == "1,a b,é\n")
    #expect(
      CSV.line(["a,b", "say \"so\"", "x\ny", ""]) == "\"a,b\",\"say \"\"so\"\"\",\"x\ny\",\n")
    // A carriage return and line feed are one character, and two bytes.
    #expect(CSV.line(["x\r\ny"]) == "\"x\r\ny\"\n")
  }
}
