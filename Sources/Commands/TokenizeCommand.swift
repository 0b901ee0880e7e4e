import Arguments
import DataFiles
import Datasets
import Foundation
import Tokenization

/// `sbm tokenize`: lines in, WordPiece ids out.
struct TokenizeCommand: Command {
  static let name = "tokenize"
  static let abstract = "Turn lines of text into WordPiece ids, as uncased BERT reads them."
  static let discussion = """
    Reads lines from standard input and prints one JSON object for each: {"ids": [101, …, 102]}, \
    and with --pairs also "type_ids". A pair is two texts with a tab between them; further tabs \
    belong to the second text.
    """

  private static let vocabulary = Parameter<String?>.option(
    "vocab", value: "file", help: "The vocabulary, one piece a line (BERT's vocab.txt).")
  private static let pairs = Parameter.flag(
    "pairs", help: "Read each line as two texts with a tab between them.")
  private static let maximumLength = Parameter<Int?>.option(
    "max-length", value: "count", help: "Cut to so many ids, a pair's longer text first.",
    check: { $0 >= 3 ? nil : "It must be at least 3." })

  static let parameters: [any AnyParameter] = [vocabulary, pairs, maximumLength]

  private let vocabulary: URL
  private let pairs: Bool
  private let maximumLength: Int

  init(_ arguments: ParsedArguments) throws {
    guard let path = arguments[Self.vocabulary] else {
      throw ValidationError("Missing expected option '--vocab <file>'.")
    }
    vocabulary = URL(fileURLWithPath: path)
    pairs = arguments[Self.pairs]
    maximumLength = arguments[Self.maximumLength] ?? .max
  }

  func run() throws {
    let encoder = try WordPieceTokenizer(vocabularyFile: vocabulary).makeEncoder()
    var lines = LineReader(
      maximumLineBytes: 1 << 26, place: { ("standard input", .line($0)) }, read: readInput)
    var json: [UInt8] = []
    do {
      try encode(&lines, with: encoder, to: &json)
    } catch let error as DataError {
      // What came before the bad line is still printed.
      try send(&json)
      throw error
    }
    try send(&json)
  }

  private func encode(
    _ lines: inout LineReader, with encoder: WordPieceEncoder, to json: inout [UInt8]
  ) throws {
    while let line = try lines.next() {
      if pairs {
        guard let tab = line.firstIndex(of: UInt8(ascii: "\t")) else {
          throw DataError(
            .malformed, file: "standard input", place: .line(lines.line),
            problem: "there is no tab on this line",
            hint: "With --pairs, write a tab between the two texts")
        }
        let encoding = encoder.encode(
          line[..<tab], pair: line[(tab + 1)...], maximumLength: maximumLength)
        json += #"{"ids": "#.utf8
        append(encoding.ids, to: &json)
        json += #", "type_ids": "#.utf8
        append(encoding.typeIDs, to: &json)
      } else {
        json += #"{"ids": "#.utf8
        append(encoder.encode(line, maximumLength: maximumLength).ids, to: &json)
      }
      json += "}\n".utf8
      if json.count >= 1 << 16 { try send(&json) }
    }
  }

  private func send(_ json: inout [UInt8]) throws {
    try Output.write(String(decoding: json, as: UTF8.self))
    json.removeAll(keepingCapacity: true)
  }
}

/// The next bytes of standard input; nil at the end.
private func readInput() throws -> [UInt8]? {
  do {
    let data = try FileHandle.standardInput.read(upToCount: 1 << 18) ?? Data()
    return data.isEmpty ? nil : Array(data)
  } catch {
    throw DataError(
      .inputOutput, file: "standard input", problem: "it cannot be read",
      hint: "Send text into the command, or name a file with '<'")
  }
}

/// Appends `[1, 2, 3]`. Numbers are written digit by digit: there are tens of millions of them.
private func append(_ numbers: [some BinaryInteger], to json: inout [UInt8]) {
  json.append(UInt8(ascii: "["))
  for (index, number) in numbers.enumerated() {
    if index > 0 {
      json.append(UInt8(ascii: ","))
      json.append(UInt8(ascii: " "))
    }
    let number = Int(number)
    var power = 1
    while number / power >= 10 { power *= 10 }
    while power > 0 {
      json.append(UInt8(ascii: "0") + UInt8(number / power % 10))
      power /= 10
    }
  }
  json.append(UInt8(ascii: "]"))
}
