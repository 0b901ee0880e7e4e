import Foundation
import TestSupport
import Testing

/// What `--out` names is written into and stays what it is.
@Suite struct OutputPlaceTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try makeLog().write(to: folder.url("run.h5").path)
  }

  private func shell(_ line: String) throws -> ProgramResult {
    try TestProgram.shell("set -e; cd '\(folder.url.path)'; \(line)")
  }

  @Test func linksLeadToTheFile() throws {
    let result = try shell(
      """
      mkdir there; echo old >there/real.csv; ln -s real.csv there/link.csv; ln -s there/link.csv link.csv
      $SBM report run.h5 --out link.csv
      test -L link.csv; test -L there/link.csv; cat there/real.csv
      ln -s new.csv dangling.csv; $SBM report run.h5 --out dangling.csv
      test -L dangling.csv; cmp new.csv there/real.csv
      """)
    #expect(result.exitCode == 0 && result.output.hasPrefix("task,"), "\(result.errors)")
  }

  @Test func linksThatLeadNowhere() throws {
    let result = try shell("ln -s a.csv b.csv; ln -s b.csv a.csv; $SBM report run.h5 --out a.csv")
    #expect(result.exitCode == 74 && result.errors.contains("a.csv cannot be written"))
  }

  @Test func pipesAndDescriptors() throws {
    let result = try shell(
      """
      mkfifo pipe.csv; cat pipe.csv >read.csv & reader=$!
      $SBM report run.h5 --out pipe.csv; wait $reader; test -p pipe.csv
      $SBM report run.h5 --format csv --out >(cat >substituted.csv); wait $!; cmp read.csv substituted.csv
      { echo before; $SBM report run.h5 --format csv --out /dev/stdout; echo behind; } >all.csv
      { echo before; cat read.csv; echo behind; } | cmp - all.csv
      $SBM report run.h5 --format csv --out /dev/stdout | cmp - read.csv
      cat read.csv
      """)
    #expect(result.exitCode == 0 && result.output.hasPrefix("task,"), "\(result.errors)")
  }

  @Test func devicesStayDevices() throws {
    // Only root can make one.
    let result = try shell(
      """
      mknod null c 1 3 2>/dev/null && chmod 666 null || ln -s /dev/null null
      $SBM report run.h5 --format csv --out null; test -c null; test -c /dev/null
      $SBM report run.h5 --format csv --out /dev/full
      """)
    #expect(result.exitCode == 74 && result.errors.contains("/dev/full cannot be written"))
  }

  /// A link of a temporary file's name is not followed, nor is a FIFO waited for.
  @Test func temporaryNames() throws {
    let result = try shell(
      """
      echo precious >precious; mkfifo .page.html.1-1.tmp
      (
        for i in 1 2 3; do ln -s precious .page.html.$BASHPID-$i.tmp; done
        exec $SBM report run.h5 --out page.html
      )
      grep -q '<figure>' page.html; cat precious
      """)
    #expect(result.exitCode == 0 && result.output == "precious\n", "\(result.errors)")
  }
}
