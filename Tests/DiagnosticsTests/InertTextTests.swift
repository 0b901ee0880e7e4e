import Diagnostics
import Testing

/// Text of others on a terminal and in JSON.
@Suite struct InertTextTests {
  @Test func controlsBecomeVisible() {
    // A title is set, the screen is cleared, a line is drawn over, in 7 and in 8 bits.
    #expect("\u{1B}]0;owned\u{7}".inert == "␛]0;owned␇")
    #expect("\u{9B}2J\u{7F}a\rb".inert == "\u{FFFD}2J␡a␍b")
    // A combining mark hides no escape.
    #expect("\u{1B}\u{301}[2J".inert == "␛\u{301}[2J")
    // What is read as "access granted" is not what stands there.
    #expect("\u{202E}detnarg ssecca".inert == "\u{FFFD}detnarg ssecca")
  }

  @Test func layoutStays() {
    let table = "task\tvalue\r\n─── naïve 数 👩‍👩‍👧\n"
    #expect(table.inert == table)
    #expect("a\nb\tc\r\n".inertLine == "a␊b␉c␍␊")
    #expect("a\u{2028}b".inertLine == "a\u{FFFD}b")
  }

  @Test func jsonKeepsItsValues() {
    #expect(
      "{\"a\": \"\u{7F}\u{9B}\u{202E}é\"}\n".inertJSON == "{\"a\": \"\\u007f\\u009b\\u202eé\"}\n")
  }
}
