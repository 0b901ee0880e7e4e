import Models
import Testing

@Suite struct PublishedNamesTests {
  @Test func namesAreThoseOfThePublishedStateDict() {
    func names(_ ours: String) -> [String] { PublishedNames.stateDict(ours, layers: 2) }
    #expect(
      names("encoder.blocks.1.attention.query.weight") == ["model.transformer_1.mha.W_q.weight"])
    #expect(
      names("encoder.blocks.0.attention.mechanism.clusters")
        == ["model.transformer_0.mha.attn.clusters"])
    #expect(
      names("encoder.blocks.0.feedForwardOuter.bias") == ["model.transformer_0.mlpblock.3.bias"])
    #expect(names("head.outer.weight") == ["seq_classifer.mlpblock.2.weight"])
    // One E for all layers, which each of them registers.
    #expect(
      names("encoder.blocks.0.attention.mechanism.positionProjection")
        == ["model.transformer_0.mha.attn.E", "model.transformer_1.mha.attn.E"])
  }

  @Test func whatThePublishedCodeDoesNotHaveHasNoName() {
    for ours in [
      "encoder.embeddings.type.weight", "maskedLanguageModelHead.bias",
      "encoder.blocks.0.attention.mechanism.unheardOf",
    ] {
      #expect(PublishedNames.stateDict(ours, layers: 2).isEmpty, "\(ours)")
      #expect(PublishedNames.model(ours) == ours)
    }
  }
}
