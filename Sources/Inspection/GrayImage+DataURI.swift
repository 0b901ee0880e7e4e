import DataFiles
import Datasets
import Foundation

extension GrayImage {
  /// The image inside an address.
  var dataURI: String { "data:image/png;base64,\(Data(png).base64EncodedString())" }
}
