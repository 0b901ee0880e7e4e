import DataFiles
import Datasets
import Tasks

extension Inspection.Text {
  /// The real part of a padded text of `task`.
  init(_ matrix: TokenMatrix, isReal: [Bool], task: TaskSpecification, text: TokenText) {
    let tokens = matrix.tokens.prefix(matrix.lengths[0]).map { Int($0) }
    var image: GrayImage?
    if let side = task.imageSide, side * side == tokens.count {
      image = GrayImage(width: side, height: side, pixels: tokens.map { UInt8(clamping: $0) })
    }
    self.init(
      tokens: tokens.map(text.piece), isReal: Array(isReal.prefix(tokens.count)), image: image,
      style: text.isBytes ? .bytes : .words)
  }
}
