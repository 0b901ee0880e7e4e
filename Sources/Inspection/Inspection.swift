import Attention
import DataFiles
import Datasets
import Kernels
import Tasks
import Training

/// Everything the page shows of one example: what the model read, what it said, and where each head looked.
public struct Inspection: Sendable {
  /// The run.
  public var run: Run
  /// The example's place and tokens.
  public var example: Example
  /// What the model said, and what is right.
  public var answer: Answer
  /// The heads looked at: text by text, layer by layer.
  public var heads: [Head]

  /// Which run, with which parameters.
  public struct Run: Sendable, Equatable {
    /// The run's name with its seed.
    public var name: String
    /// The experiment's name.
    public var experiment: String
    /// The task's name.
    public var task: String
    /// The task in words.
    public var taskSummary: String
    /// The attention mechanism's name.
    public var mechanism: String
    /// What its attention weights are, in a sentence.
    public var weightsCaption: String
    /// `published` or `strict`.
    public var runProtocol: String
    /// Which parameters the model has.
    public var parameters: TrainedRun.Parameters
    /// Layers of the model.
    public var layers: Int
    /// Heads of a layer.
    public var heads: Int
  }

  /// What the model read.
  public struct Example: Sendable {
    /// The example's place in its split, from 0.
    public var index: Int
    /// The split.
    public var split: Split
    /// How many examples the split has.
    public var count: Int
    /// The key of everything random in the pass.
    public var key: UInt64
    /// The text, or the two texts of a pair.
    public var texts: [Text]
  }

  /// A text's tokens.
  public struct Text: Sendable, Equatable {
    /// What each token stands for; not so for images.
    public var tokens: [String]
    /// Whether each token is real: images under `published` have black pixels masked.
    public var isReal: [Bool]
    /// The pixels, for tasks of images.
    public var image: GrayImage?
    /// How the tokens are best set: bytes and pieces run on, symbols stand apart.
    public var style: Style

    /// How tokens are set.
    public enum Style: Sendable, Equatable {
      /// One character or escape a token, run on.
      case bytes
      /// Words apart from each other.
      case words
    }
  }

  /// What the model said.
  public enum Answer: Sendable, Equatable {
    /// The probability of each class by name, and which is right.
    case classes(names: [String], probabilities: [Float], label: Int?)
    /// A number, and the right one.
    case value(predicted: Float, label: Float?)
    /// An answer for some tokens of the text.
    case tokens([TokenAnswer])
  }

  /// What the model said of a token.
  public struct TokenAnswer: Sendable, Equatable {
    /// The token's place.
    public var place: Int
    /// The answer's name.
    public var predicted: String
    /// The answer's probability.
    public var probability: Float
    /// The right answer's name.
    public var label: String
  }

  /// What one head of one layer did with one text.
  public struct Head: Sendable {
    /// The text, from 0.
    public var text: Int
    /// The layer, from 0.
    public var layer: Int
    /// The head, from 0.
    public var head: Int
    /// Numbers about the weights.
    public var statistics: HeadStatistics
    /// The weights, a row a query, a column a key.
    public var weights: HeatMap
    /// The pairs that may attend.
    public var edges: HeatMap
    /// Whether the mechanism chose the edges, or they are the weights that are not zero.
    public var choosesEdges: Bool
    /// For images, what each pixel gets from a query on average, as an image.
    public var received: HeatMap?
    /// Where the graph came from, for `sbm`.
    public var blockModel: BlockModel?
  }

  /// The distribution a graph was sampled from, P = Q̂ S K̂ᵀ.
  public struct BlockModel: Sendable {
    /// Q̂, a row a query, a column a cluster.
    public var queries: HeatMap
    /// K̂ᵀ, a row a cluster, a column a key.
    public var keys: HeatMap
    /// S, a row and a column a cluster.
    public var affinities: HeatMap
    /// P, a row a query, a column a key.
    public var probability: HeatMap
    /// The mean of P over real pairs.
    public var meanProbability: Double
    /// How the graph was drawn.
    public var sampler: SBMAttention.Sampler
  }
}
