extension TaskSpecification {
  /// The digests of whole published splits at the task's own length, as logs keep them: by `sbm run` on the
  /// published files (GLUE's TSVs with the 30,522 uncased word pieces). Tasks of which nobody has run the published
  /// files here have none: ListOps, Image, Pathfinder and Retrieval among them.
  public static let publishedDigests: [String: [String: String]] = [
    // aclImdb's labelled reviews; under `published` dev is test.
    "text": [
      "train": "a43bf3967e8b96b0f9d68ec057bde32b", "dev": "679d43799bc37491c7b4b9c4fb07a3cc",
      "test": "679d43799bc37491c7b4b9c4fb07a3cc",
    ],
    "cola": [
      "train": "a3ddb73a30799bbabb4b9b2744cff5f1", "dev": "8a4b6fece8e014e193fac096eb0e362e",
    ],
    "mrpc": [
      "train": "fa0c57fd0d596da7c61a8f9014a9bd24", "dev": "1ef74ae670dfdbca1c8e8bc9ba66c068",
    ],
    "rte": [
      "train": "140498cc43727dcd86df03aadf44cf22", "dev": "f6154109d1e3367f14c98b534926b788",
    ],
    "sst2": [
      "train": "420bc32b18e680d697229803a41cbc3e", "dev": "be86b8ce2eb80f1f7c10b69171a50853",
    ],
    "stsb": [
      "train": "ffa31982430a4ef0b08f3d583ae6088d", "dev": "9f2fed73ef89f3cea016c0d632663033",
    ],
    "wnli": [
      "train": "af9b155514b05cbca1c7877f9319f207", "dev": "e9e0e02a6043e7888cc9ec669a6458de",
    ],
  ]
}
