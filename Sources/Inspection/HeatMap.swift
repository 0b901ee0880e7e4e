import DataFiles
import Datasets
import Foundation

/// A matrix as a gray image, and what its grays mean.
///
/// The page paints grays with a colour ramp of its own, one for light and one for dark.
public struct HeatMap: Sendable, Equatable {
  /// How values become places on the ramp.
  public enum Scale: Sendable, Equatable {
    /// 0 or 1, no or yes.
    case binary
    /// From `lowest` to `highest`, evenly.
    case linear(lowest: Float, highest: Float)
    /// From 0 to `highest`, by the square root, so that small values are told apart too.
    case squareRoot(highest: Float)
    /// From -`highest` over 0 to `highest`, by the square root on either side.
    case signedSquareRoot(highest: Float)

    /// The place of `value` on the ramp, 0 to 1; values beyond the ends are at the ends.
    public func position(of value: Float) -> Float {
      switch self {
      case .binary: value > 0 ? 1 : 0
      case .linear(let lowest, let highest):
        highest > lowest ? min(max((value - lowest) / (highest - lowest), 0), 1) : 0
      case .squareRoot(let highest):
        highest > 0 ? min(max(value / highest, 0), 1).squareRoot() : 0
      case .signedSquareRoot(let highest):
        highest > 0
          ? 0.5 + (value < 0 ? -0.5 : 0.5) * min(abs(value) / highest, 1).squareRoot() : 0.5
      }
    }

    /// The value at a place on the ramp, the inverse of ``position(of:)``.
    public func value(at position: Float) -> Float {
      switch self {
      case .binary: return position > 0.5 ? 1 : 0
      case .linear(let lowest, let highest): return lowest + position * (highest - lowest)
      case .squareRoot(let highest): return position * position * highest
      case .signedSquareRoot(let highest):
        let side = 2 * position - 1
        return (side < 0 ? -1 : 1) * side * side * highest
      }
    }
  }

  /// Places on the ramp: 0 its beginning, 255 its end.
  public let image: GrayImage
  /// Rows of the matrix.
  public let rows: BlockAxis
  /// Columns of the matrix.
  public let columns: BlockAxis
  /// What places on the ramp mean.
  public let scale: Scale
  /// The least and the largest mean of a pixel.
  public let range: ClosedRange<Float>

  /// The image of `means` on the scale that suits their range and values.
  public init(_ means: BlockMeans, scale: (ClosedRange<Float>, [Float]) -> Scale) {
    self.init(means.means, rows: means.rows, columns: means.columns, scale: scale)
  }

  /// The image of means that are known, one a pixel.
  init(
    _ values: [Float], rows: BlockAxis, columns: BlockAxis,
    scale: (ClosedRange<Float>, [Float]) -> Scale
  ) {
    (self.rows, self.columns) = (rows, columns)
    range = Self.range(values)
    let scale = scale(range, values)
    self.scale = scale
    image = GrayImage(
      width: columns.pixels, height: rows.pixels,
      pixels: values.map { UInt8((255 * scale.position(of: $0)).rounded()) })
  }

  /// The least and the largest of `values`.
  static func range(_ values: [Float]) -> ClosedRange<Float> {
    let finite = values.lazy.filter(\.isFinite)
    guard let least = finite.min(), let most = finite.max() else { return 0...0 }
    return least...most
  }
}

extension HeatMap.Scale {
  /// The scale of attention weights: by the root, up to a value that at most one in a thousand of those
  /// that are not zero exceed; signed where there are negative ones. Weights that are nearly even have an even scale:
  /// what is little different looks little different.
  public static func weights(_ range: ClosedRange<Float>, _ values: [Float]) -> Self {
    let sizes = values.lazy.map(abs).filter { $0 > 0 && $0.isFinite }.sorted()
    guard let largest = sizes.last else { return .squareRoot(highest: 0) }
    let common = sizes[sizes.count - 1 - sizes.count / 1000]
    // A few values somewhat above the others do not need an end of their own.
    let highest = largest > 2 * common ? common : largest
    if range.lowerBound > highest / 4 { return .linear(lowest: 0, highest: highest) }
    return range.lowerBound < 0
      ? .signedSquareRoot(highest: highest) : .squareRoot(highest: highest)
  }

  /// The scale of shares of pairs: from 0 to the largest, no or yes where all are 0 or 1.
  public static func shares(_ range: ClosedRange<Float>, _ values: [Float]) -> Self {
    values.allSatisfy { $0 == 0 || $0 == 1 }
      ? .binary : .linear(lowest: 0, highest: range.upperBound)
  }

  /// From 0 to the largest value: probabilities of 0.244 to 0.258 look alike, as they are.
  public static func fromZero(_ range: ClosedRange<Float>, _ values: [Float]) -> Self {
    .linear(lowest: min(0, range.lowerBound), highest: range.upperBound)
  }
}
