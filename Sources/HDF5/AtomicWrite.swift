import AtomicFiles

extension HDF5File {
  /// Writes a whole file so that `path` is at any moment the old file or the new one.
  ///
  /// `body` fills a temporary file in the same folder, which is synced, then renamed over `path`;
  /// then the folder is synced. When anything fails, `path` stays as it was and the temporary
  /// file is removed. One left by a killed process is removed by the next write of the same path.
  /// A `sealed` file begins with a checksum of all of it, by which every later reader here finds out damage;
  /// other programs read it as any other. Throws `HDF5Error`, or what `body` throws.
  @discardableResult public static func writeAtomically<Result>(
    to path: String, sealed isSealed: Bool = false, _ body: (HDF5File) throws -> Result
  ) throws -> Result {
    func system(_ failure: SystemFailure) -> HDF5Error {
      .system(failure.action, code: failure.code, file: path)
    }
    let temporary: TemporaryFile
    do {
      temporary = try TemporaryFile(beside: path)
    } catch {
      throw system(error)
    }
    do {
      let file = try HDF5File(
        creating: temporary.path, userBlock: isSealed ? Seal.blockSize : 0)
      let result: Result
      do {
        result = try body(file)
        if isSealed { try file.setAttribute(Seal.attribute, Seal.notice) }
        try file.close()
      } catch {
        try? file.close()
        throw error
      }
      if isSealed { try Seal.write(to: temporary.descriptor, path: temporary.path) }
      try temporary.putInPlace()
      return result
    } catch {
      temporary.remove()
      if let failure = error as? SystemFailure { throw system(failure) }
      // A person knows the file by its own name.
      guard var problem = error as? HDF5Error, problem.file == temporary.path else { throw error }
      problem.file = path
      throw problem
    }
  }
}
