/// The numbers behind a Pathfinder image; the defaults are the Long Range Arena's.
public struct PathfinderParameters: Hashable, Sendable, Codable {
  /// Width and height of the image in pixels.
  public var window = 32
  /// Pixels along the border that no dash may touch.
  public var padding = 1
  /// Half the gap between two dashes of a path, in pixels; also the room kept around dashes.
  public var margin = 1
  /// Length of a dash in pixels.
  public var dashLength = 2
  /// Thickness of a dash in pixels.
  public var dashThickness = 0.5
  /// Dashes and discs are drawn so much larger, then shrunk with a Lanczos filter.
  public var antialiasScale = 2
  /// Radius of the two discs in pixels.
  public var markerRadius = 1.5
  /// Dashes of each of the two long paths.
  public var contourLength = 14
  /// Dashes of each short path.
  public var distractorLength = 4
  /// Short paths, if they find room.
  public var distractors = 5
  /// How straight paths are: 1 allows a turn of 90° at most, larger numbers less.
  public var continuity = 1.0
  /// Pixels between the beginnings of the two long paths.
  public var seedDistance = 7
  /// Brightness of dashes; that of discs is 1.
  public var contrast = 0.75

  /// The hardest difficulty, the paper's.
  public init() {}

  /// The published difficulties.
  public enum Difficulty: String, CaseIterable, Hashable, Sendable {
    /// Paths of 6 dashes.
    case easy
    /// Paths of 9 dashes.
    case intermediate
    /// Paths of 14 dashes, the paper's.
    case hard

    /// The published name of the folder.
    public var folder: String {
      switch self {
      case .easy: "curv_baseline"
      case .intermediate: "curv_contour_length_9"
      case .hard: "curv_contour_length_14"
      }
    }

    /// The parameters: a short path has a third of a long one's dashes, and all short paths
    /// together have about 22.
    public var parameters: PathfinderParameters {
      var parameters = PathfinderParameters()
      switch self {
      case .easy:
        (parameters.contourLength, parameters.distractorLength) = (6, 2)
      case .intermediate:
        (parameters.contourLength, parameters.distractorLength) = (9, 3)
      case .hard:
        (parameters.contourLength, parameters.distractorLength) = (14, 4)
      }
      parameters.distractors = 22 / parameters.distractorLength
      return parameters
    }
  }
}
