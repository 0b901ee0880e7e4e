import CHDF5

/// A group: a folder of groups and datasets.
///
/// A name may be a path (`attention/sbm/x`), relative to the group. Unchecked, as ``HDF5Object`` says.
public class HDF5Group: HDF5Object, @unchecked Sendable {
  /// The names of the groups and datasets in it, sorted.
  public func children() throws -> [String] {
    try Library.locked {
      try checkOpen()
      var info = H5G_info_t()
      guard H5Gget_info(id, &info) >= 0 else { throw libraryFailure("cannot be listed") }
      return try (0..<info.nlinks).map { index in
        try readName { buffer, size in
          H5Lget_name_by_idx(id, ".", H5_INDEX_NAME, H5_ITER_INC, index, buffer, size, 0)
        }
      }
    }
  }

  /// Whether `name` leads to a group or dataset of this file.
  ///
  /// Throws `elsewhere` where it leads to another file: those are not read.
  public func exists(_ name: String) throws -> Bool {
    try Library.locked {
      try checkOpen()
      var prefix = ""
      for part in name.split(separator: "/") {
        prefix += prefix.isEmpty ? String(part) : "/" + part
        guard H5Lexists(id, prefix, 0) > 0 else { return false }
        var link = H5L_info_t()
        guard H5Lget_info(id, prefix, &link, 0) >= 0 else {
          throw libraryFailure("cannot be looked at", of: fullPath(prefix))
        }
        guard link.type == H5L_TYPE_HARD || link.type == H5L_TYPE_SOFT else {
          throw failure(
            .elsewhere, "leads to another file, which is not read", of: fullPath(prefix))
        }
        guard H5Oexists_by_name(id, prefix, 0) > 0 else {
          return false
        }
      }
      return true
    }
  }

  /// Whether `name` leads to a group.
  public func isGroup(_ name: String) throws -> Bool {
    try Library.locked { try exists(name) && kind(of: name) == H5I_GROUP }
  }

  /// Whether `name` leads to a dataset.
  public func isDataset(_ name: String) throws -> Bool {
    try Library.locked { try exists(name) && kind(of: name) == H5I_DATASET }
  }

  /// Opens a group.
  public func group(_ name: String) throws -> HDF5Group {
    try Library.locked {
      HDF5Group(id: try open(name, as: H5I_GROUP), path: fullPath(name), session: session)
    }
  }

  /// Opens a dataset.
  public func dataset(_ name: String) throws -> HDF5Dataset {
    try Library.locked {
      let dataset = HDF5Dataset(
        id: try open(name, as: H5I_DATASET), path: fullPath(name), session: session)
      try dataset.checkValuesAreHere()
      return dataset
    }
  }

  /// Creates a group, and the groups on the way to it; opens it where it exists.
  @discardableResult public func createGroup(_ name: String) throws -> HDF5Group {
    try Library.locked {
      if try exists(name) { return try group(name) }
      let created = try withParents(of: name) { links in try makeGroup(name, links) }
      return HDF5Group(id: created, path: fullPath(name), session: session)
    }
  }

  /// Removes the link to a group or dataset.
  public func remove(_ name: String) throws {
    try Library.locked {
      try checkOpen()
      guard H5Ldelete(id, name, 0) >= 0 else {
        throw libraryFailure("cannot be removed", of: fullPath(name))
      }
    }
  }

  func fullPath(_ name: String) -> String {
    if name.hasPrefix("/") { return name }
    return path == "/" ? "/" + name : path + "/" + name
  }

  /// Creates the groups on the way to `name`, and calls `create` with properties of its link.
  func withParents(of name: String, _ create: (hid_t) throws -> hid_t) throws -> hid_t {
    try checkOpen()
    func failed() -> HDF5Error { libraryFailure("cannot be created", of: fullPath(name)) }
    let properties = H5Pcreate(chdf5_link_create())
    return try withHandle(properties, closedBy: H5Pclose, orThrow: failed) { properties in
      // Names are UTF-8, as h5py's.
      H5Pset_char_encoding(properties, H5T_CSET_UTF8)
      var parent = name.hasPrefix("/") ? "/" : ""
      for part in name.split(separator: "/").dropLast() {
        parent.append(contentsOf: part)
        if H5Lexists(id, parent, 0) <= 0 {
          let group = try makeGroup(parent, properties)
          guard group >= 0 else { throw failed() }
          H5Gclose(group)
        }
        parent += "/"
      }
      let created = try create(properties)
      guard created >= 0 else { throw failed() }
      return created
    }
  }

  /// A new group, negative if it cannot be made. libhdf5 would note the time in groups that it makes on the way.
  private func makeGroup(_ name: String, _ links: hid_t) throws -> hid_t {
    func failed() -> HDF5Error { libraryFailure("cannot be created", of: fullPath(name)) }
    let properties = H5Pcreate(chdf5_group_create())
    return try withHandle(properties, closedBy: H5Pclose, orThrow: failed) { properties in
      // The same content gives the same bytes, whenever it is written.
      H5Pset_obj_track_times(properties, false)
      return H5Gcreate2(id, name, links, properties, 0)
    }
  }

  private func kind(of name: String) -> H5I_type_t {
    let object = H5Oopen(id, name, 0)
    guard object >= 0 else { return H5I_BADID }
    defer { H5Oclose(object) }
    return H5Iget_type(object)
  }

  private func open(_ name: String, as kind: H5I_type_t) throws -> hid_t {
    guard try exists(name) else {
      throw failure(.missingObject, "there is no such object", of: fullPath(name))
    }
    let object = H5Oopen(id, name, 0)
    guard object >= 0 else { throw libraryFailure("cannot be opened", of: fullPath(name)) }
    guard H5Iget_type(object) == kind else {
      H5Oclose(object)
      let wanted = kind == H5I_GROUP ? "group" : "dataset"
      throw failure(.wrongType, "is not a \(wanted)", of: fullPath(name))
    }
    return object
  }
}
