import Foundation

/// The bytes of an event file as TensorBoard reads it: TFRecords of `Event` messages.
///
/// The messages are those of tensorflow/core/util/event.proto and framework/summary.proto.
package struct EventFile {
  package private(set) var bytes: [UInt8] = []

  /// A file with its version and nothing else, begun at `time`, in seconds since 1970.
  package init(time: Double) {
    var event = ProtocolBuffer()
    event.append(time, field: Field.wallTime)
    event.append("brain.Event:2", field: Field.fileVersion)
    append(record: event.bytes)
  }

  /// A point of the curve `tag`.
  package mutating func append(_ value: Double, tag: String, step: Int, time: Double) {
    var entry = ProtocolBuffer()
    entry.append(tag, field: Field.tag)
    entry.append(Float(value), field: Field.simpleValue)
    append(entry, step: step, time: time)
  }

  /// A text, which TensorBoard shows as Markdown.
  mutating func append(text: String, tag: String, step: Int, time: Double) {
    var plugin = ProtocolBuffer()
    plugin.append("text", field: Field.pluginName)
    var metadata = ProtocolBuffer()
    metadata.append(plugin, field: Field.pluginData)
    var dimension = ProtocolBuffer()
    dimension.append(1, field: Field.dimensionSize)
    var shape = ProtocolBuffer()
    shape.append(dimension, field: Field.dimension)
    var tensor = ProtocolBuffer()
    tensor.append(Self.stringType, field: Field.dtype)
    tensor.append(shape, field: Field.tensorShape)
    tensor.append(text, field: Field.stringValue)
    var entry = ProtocolBuffer()
    entry.append(tag, field: Field.tag)
    entry.append(metadata, field: Field.metadata)
    entry.append(tensor, field: Field.tensor)
    append(entry, step: step, time: time)
  }

  private mutating func append(_ entry: ProtocolBuffer, step: Int, time: Double) {
    var summary = ProtocolBuffer()
    summary.append(entry, field: Field.value)
    var event = ProtocolBuffer()
    event.append(time, field: Field.wallTime)
    event.append(step, field: Field.step)
    event.append(summary, field: Field.summary)
    append(record: event.bytes)
  }

  /// A TFRecord: length, its check, content, its check.
  private mutating func append(record: [UInt8]) {
    let length = littleEndian(UInt64(record.count))
    bytes += length
    bytes += littleEndian(CRC32C.masked(length))
    bytes += record
    bytes += littleEndian(CRC32C.masked(record))
  }

  /// `DT_STRING` of tensorflow/core/framework/types.proto.
  private static let stringType = 7

  /// Numbers of fields.
  private enum Field {
    // Event
    static let wallTime = 1
    static let step = 2
    static let fileVersion = 3
    static let summary = 5
    // Summary, Summary.Value
    static let value = 1
    static let tag = 1
    static let simpleValue = 2
    static let tensor = 8
    static let metadata = 9
    // SummaryMetadata, SummaryMetadata.PluginData
    static let pluginData = 1
    static let pluginName = 1
    // TensorProto, TensorShapeProto, TensorShapeProto.Dim
    static let dtype = 1
    static let tensorShape = 2
    static let stringValue = 8
    static let dimension = 2
    static let dimensionSize = 1
  }
}
