import CHDF5

extension HDF5Group {
  /// Creates a dataset, and the groups on the way to it.
  ///
  /// Its values are zero, or empty strings, until they are written. A scalar has shape `[]`.
  /// Deflate is left out where libhdf5 was built without zlib, and for strings of variable
  /// length, which lie outside the chunks.
  @discardableResult public func createDataset<Value: HDF5Element>(
    _ name: String, as type: Value.Type, shape: [Int], storage: HDF5Storage = .contiguous
  ) throws -> HDF5Dataset {
    precondition(shape.allSatisfy { $0 >= 0 }, "a negative axis in shape \(shape)")
    return try Library.locked {
      try checkOpen()
      if try exists(name) {
        throw failure(.failed, "is there already", of: fullPath(name))
      }
      func failed() -> HDF5Error { libraryFailure("cannot be created", of: fullPath(name)) }
      let storedType = Value.makeStoredType()
      let properties = H5Pcreate(chdf5_dataset_create())
      return try withHandle(properties, closedBy: H5Pclose, orThrow: failed) { properties in
        // The same content gives the same bytes, whenever it is written.
        H5Pset_obj_track_times(properties, false)
        let space = try makeSpace(shape, storage, Value.self, properties)
        return try withHandle(space, closedBy: H5Sclose, orThrow: failed) { space in
          let id = try withParents(of: name) { links in
            H5Dcreate2(self.id, name, storedType.id, space, links, properties, 0)
          }
          return HDF5Dataset(id: id, path: fullPath(name), session: session)
        }
      }
    }
  }

  private func makeSpace<Value: HDF5Element>(
    _ shape: [Int], _ storage: HDF5Storage, _ type: Value.Type, _ properties: hid_t
  ) throws -> hid_t {
    let dimensions = shape.map { hsize_t($0) }
    guard case .chunked(let rows, let deflate, let shuffle) = storage else {
      return shape.isEmpty
        ? H5Screate(H5S_SCALAR) : H5Screate_simple(Int32(shape.count), dimensions, nil)
    }
    precondition(!shape.isEmpty && rows > 0, "a chunked dataset needs an axis and rows a chunk")
    let chunk = [hsize_t(rows)] + dimensions.dropFirst().map { max($0, 1) }
    H5Pset_chunk(properties, Int32(shape.count), chunk)
    if Value.hdf5Type != .string {
      if shuffle { H5Pset_shuffle(properties) }
      if let deflate, H5Zfilter_avail(H5Z_filter_t(H5Z_FILTER_DEFLATE)) > 0 {
        H5Pset_deflate(properties, UInt32(deflate))
      }
    }
    let maximum = [chdf5_unlimited()] + dimensions.dropFirst()
    return H5Screate_simple(Int32(shape.count), dimensions, maximum)
  }

  /// Creates a dataset and writes it; `shape` nil is one axis of all the values.
  @discardableResult public func write<Value: HDF5Element>(
    _ name: String, _ values: [Value], shape: [Int]? = nil, storage: HDF5Storage = .contiguous
  ) throws -> HDF5Dataset {
    try Library.locked {
      let shape = shape ?? [values.count]
      precondition(
        shape.reduce(1, *) == values.count, "\(values.count) values do not fill shape \(shape)")
      let dataset = try createDataset(name, as: Value.self, shape: shape, storage: storage)
      try dataset.write(values)
      return dataset
    }
  }

  /// Creates a scalar dataset and writes it.
  @discardableResult public func write<Value: HDF5Element>(_ name: String, _ value: Value) throws
    -> HDF5Dataset
  {
    try write(name, [value], shape: [])
  }

  /// Creates a dataset and writes it from memory of the caller.
  @discardableResult public func write<Value: HDF5Scalar>(
    _ name: String, from buffer: UnsafeBufferPointer<Value>, shape: [Int],
    storage: HDF5Storage = .contiguous
  ) throws -> HDF5Dataset {
    try Library.locked {
      let dataset = try createDataset(name, as: Value.self, shape: shape, storage: storage)
      try dataset.write(from: buffer)
      return dataset
    }
  }

  /// Reads a whole dataset.
  public func read<Value: HDF5Element>(_ name: String, as type: Value.Type = Value.self) throws
    -> [Value]
  {
    try dataset(name).read(as: type)
  }
}
