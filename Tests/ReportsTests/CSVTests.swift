import Presentation
import Testing

@Suite struct CSVTests {
  @Test func fieldsAreQuotedWhereTheyMustBe() {
    #expect(CSV.line([.number("1"), .text("a b"), .text("é")]) == "1,a b,é\n")
    #expect(
      CSV.line([.text("a,b"), .text("say \"so\""), .text("")]) == "\"a,b\",\"say \"\"so\"\"\",\n")
    // One line a row, whatever a text has.
    #expect(CSV.line([.text("x\r\ny")]) == "x␍␊y\n")
  }

  /// A number may begin with a sign; text that does is no formula.
  @Test func numbersStayNumbers() {
    #expect(CSV.line([.number("-0.5"), .text("-0.5"), .text("=A1")]) == "-0.5,'-0.5,'=A1\n")
    #expect(CSV.line([.number("1 2 3"), .number("nan")]) == "1 2 3,nan\n")
  }
}
