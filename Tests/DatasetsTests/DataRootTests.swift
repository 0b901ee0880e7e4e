import Datasets
import Foundation
import Testing

@Suite("Data roots")
struct DataRootTests {
  @Test(
    "What is said goes before the environment, also where only one of the two is said",
    arguments: [
      (nil, nil, [:], "data", "data/cache"),
      (nil, nil, ["SBM_DATA": "e"], "e", "e/cache"),
      (nil, nil, ["SBM_DATA": "e", "SBM_CACHE": "c"], "e", "c"),
      ("r", nil, ["SBM_DATA": "e", "SBM_CACHE": "c"], "r", "c"),
      ("r", nil, [:], "r", "r/cache"), ("r", "d", ["SBM_CACHE": "c"], "r", "d"),
      (nil, "d", ["SBM_DATA": "e"], "e", "d"),
    ] as [(String?, String?, [String: String], String, String)])
  func standard(
    root: String?, cache: String?, environment: [String: String], expected: String, caches: String
  ) {
    let data = DataRoot.standard(root: root, cache: cache, environment: environment)
    #expect(data.root.relativePath == expected)
    #expect(data.cache.path == URL(fileURLWithPath: caches).path)
  }
}
