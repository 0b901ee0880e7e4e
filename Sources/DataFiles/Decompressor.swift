import CLZMA
import CZlib
import Foundation

/// The content of a gzip or xz file, piece by piece.
///
/// libarchive 3.6 checks neither gzip's checksums nor how much memory an xz file asks for; zlib and liblzma do.
final class Decompressor {
  private let path: String
  private let method: Method

  private enum Method {
    case gzip(gzFile)
    case xz(XZ)
  }

  /// The decompressor that the file at `url` needs; `nil` if that is for libarchive.
  ///
  /// - Throws: ``DataError`` when the file cannot be read.
  init?(_ url: URL) throws {
    path = url.path
    let file = try ByteFile(url)
    let head = try file.read(upTo: 6) ?? []
    if head.starts(with: [0x1F, 0x8B]) {
      guard let handle = gzopen(url.path, "rbe") else {
        throw DataError(.inputOutput, file: path, problem: String(cString: strerror(errno)))
      }
      gzbuffer(handle, 1 << 17)
      method = .gzip(handle)
    } else if head.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]) {
      method = .xz(XZ(try ByteFile(url)))
    } else {
      return nil
    }
  }

  deinit {
    if case .gzip(let handle) = method { gzclose_r(handle) }
  }

  /// Fills `buffer` with the next bytes; how many there are, 0 at the end.
  ///
  /// - Throws: ``DataError`` when the file is damaged, cut short or cannot be read.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    switch method {
    case .gzip(let handle):
      let count = gzread(handle, buffer.baseAddress, UInt32(buffer.count))
      if count > 0 { return Int(count) }
      var code: Int32 = 0
      let message = gzerror(handle, &code).map { String(cString: $0) } ?? ""
      if code == Z_OK || code == Z_STREAM_END { return 0 }
      throw damaged(code == Z_BUF_ERROR ? "its end is missing" : message)
    case .xz(let xz):
      do {
        return try xz.read(into: buffer)
      } catch let failure as XZ.Failure {
        throw damaged(failure.problem)
      }
    }
  }

  private func damaged(_ problem: String) -> DataError {
    DataError(
      .malformed, file: path, problem: "the archive is damaged or truncated: \(problem)",
      hint: "Fetch it again")
  }
}

/// liblzma's decoder.
private final class XZ {
  /// What `xz -9` needs is 65 MB.
  private static let memoryLimit: UInt64 = 256 << 20

  struct Failure: Error {
    var problem: String
  }

  private let file: ByteFile
  private var stream = clzma_stream()
  private var input: [UInt8] = []
  private var isAtEnd = false

  init(_ file: ByteFile) {
    self.file = file
    let status = lzma_stream_decoder(&stream, Self.memoryLimit, clzma_concatenated())
    precondition(status == LZMA_OK, "liblzma cannot allocate a decoder")
  }

  deinit { lzma_end(&stream) }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    stream.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.avail_out = buffer.count
    while stream.avail_out == buffer.count {
      if stream.avail_in == 0, !isAtEnd {
        let piece = try file.read(upTo: 1 << 17)
        isAtEnd = piece == nil
        input = piece ?? []
        stream.avail_in = input.count
      }
      let done = input.count - stream.avail_in
      let status = input.withUnsafeBufferPointer { bytes in
        stream.next_in = bytes.baseAddress.map { $0 + done }
        return lzma_code(&stream, isAtEnd ? LZMA_FINISH : LZMA_RUN)
      }
      switch status {
      case LZMA_OK: continue
      case LZMA_STREAM_END: return buffer.count - stream.avail_out
      case LZMA_MEMLIMIT_ERROR:
        throw Failure(problem: "it asks for more than \(Self.memoryLimit >> 20) MB of memory")
      case LZMA_BUF_ERROR: throw Failure(problem: "its end is missing")
      case LZMA_DATA_ERROR: throw Failure(problem: "its data or a checksum is wrong")
      default: throw Failure(problem: "this is no xz file that liblzma reads (\(status.rawValue))")
      }
    }
    return buffer.count - stream.avail_out
  }
}
