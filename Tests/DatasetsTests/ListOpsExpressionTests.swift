import Datasets
import Testing
import Tokenization

/// An expression from symbols as a person writes them.
func expression(_ symbols: String) -> ListOpsExpression {
  ListOpsExpression(
    tokens: symbols.split(separator: " ").map { ListOpsTokenizer.id(Array($0.utf8)[...]) ?? 0 })
}

@Suite("ListOps expressions")
struct ListOpsExpressionTests {
  @Test(
    "Values",
    arguments: [
      ("7", 7), ("[MAX 3 8 ]", 8), ("[MIN 3 8 1 ]", 1), ("[SM 9 9 9 ]", 7),
      ("[MED 1 2 ]", 1),  // the mean 1.5, cut
      ("[MED 9 1 5 ]", 5), ("[MED 8 1 7 2 ]", 4),  // (2 + 7) / 2 = 4.5, cut
      ("[MAX 2 9 [MIN 4 7 ] 0 ]", 9), ("[SM [MED 3 4 9 ] [MAX 1 7 ] 2 ]", 3),
    ])
  func values(symbols: String, value: Int) throws {
    #expect(try expression(symbols).value() == value)
  }

  @Test(
    "Token sequences that are no expression",
    arguments: ["", "]", "[MAX", "[MAX ]", "[MAX 3", "3 4", "[MAX 3 ] ]", "[MAX 3 ] 4", "[MAX ? ]"])
  func malformed(symbols: String) {
    #expect(throws: ListOpsExpression.Malformed.self) { try expression(symbols).value() }
  }

  @Test(
    "The published text nests arguments to the left",
    arguments: [
      ("5", "5"),
      ("[MAX 3 8 ]", "( ( ( [MAX 3 ) 8 ) ] )"),
      // Printed by the published generator's `to_string` for this tree.
      ("[SM [MIN 1 2 ] 7 ]", "( ( ( [SM ( ( ( [MIN 1 ) 2 ) ] ) ) 7 ) ] )"),
      ("[SM 7 [MIN 1 2 ] ]", "( ( ( [SM 7 ) ( ( ( [MIN 1 ) 2 ) ] ) ) ] )"),
    ])
  func text(symbols: String, text: String) {
    #expect(String(decoding: expression(symbols).text, as: UTF8.self) == text)
  }
}
