import Checksums
import Testing

@Suite struct ChecksumTests {
  @Test(
    "Sums of RFC 1321 and FIPS 180-4",
    arguments: [
      (Checksum.Algorithm.md5, "", "d41d8cd98f00b204e9800998ecf8427e"),
      (.md5, "abc", "900150983cd24fb0d6963f7d28e17f72"),
      (.md5, "message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
      (
        .md5, "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
        "57edf4a22be3c955ac49da2e2107b67a"
      ),
      (.sha256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      (.sha256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        .sha256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
    ])
  func published(algorithm: Checksum.Algorithm, text: String, sum: String) {
    var whole = Checksum(algorithm)
    whole.update(text.utf8)
    #expect(whole.hexDigest() == sum)
    var pieces = Checksum(algorithm)
    for byte in text.utf8 { pieces.update(CollectionOfOne(byte)) }
    #expect(pieces.hexDigest() == sum && pieces.bytes.count == algorithm.size)
  }

  @Test func aCopyGoesItsOwnWay() {
    var one = Checksum(.md5)
    one.update("a".utf8)
    var other = one
    other.update("bc".utf8)
    #expect(one.hexDigest() == "0cc175b9c0f1b6a831c399e269772661")
    #expect(other.hexDigest() == "900150983cd24fb0d6963f7d28e17f72")
    #expect(other.prefix == 0xb04f_d23c_9850_0190)
  }
}
