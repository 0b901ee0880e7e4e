import Testing
import Tokenization

@Suite("ListOps and byte tokens")
struct ListOpsTokenizerTests {
  @Test("Every symbol has its own id, and the id leads back to it")
  func roundTrip() {
    #expect(ListOpsTokenizer.symbols.count == 16)
    for (id, symbol) in ListOpsTokenizer.symbols.enumerated().dropFirst() {
      #expect(ListOpsTokenizer.id(Array(symbol.utf8)[...]) == UInt8(id), "\(symbol)")
    }
    #expect(Set(ListOpsTokenizer.symbols).count == 16)
  }

  @Test("What is no symbol has no id", arguments: ["", "(", ")", "10", "[", "[MI", "[MINI", "a"])
  func unknown(symbol: String) {
    #expect(ListOpsTokenizer.id(Array(symbol.utf8)[...]) == nil)
  }

  @Test("Values and their ids")
  func values() {
    for value in 0...9 {
      let id = ListOpsTokenizer.id(value: value)
      #expect(ListOpsTokenizer.symbols[Int(id)] == "\(value)")
      #expect(ListOpsTokenizer.value(of: id) == value)
    }
    #expect(ListOpsTokenizer.value(of: ListOpsTokenizer.padding) == nil)
    #expect(ListOpsTokenizer.value(of: ListOpsTokenizer.close) == nil)
  }

  @Test("Bytes are shifted by one and cut")
  func bytes() {
    let bytes: [UInt8] = [0, 0x41, 0xC3, 0xA9, 255]
    #expect(ByteTokenizer.ids(bytes, maximumLength: 10) == [1, 0x42, 0xC4, 0xAA, 256])
    #expect(ByteTokenizer.ids(bytes, maximumLength: 2) == [1, 0x42])
  }
}
