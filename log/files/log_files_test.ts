// Twisted's `test/test_logfile.py`, without pickling. `test_noPermission` and
// `test_rotatePermissionDirectoryNotOk` differ: a rotation that fails throws, after the data has
// been written to the current file. The tests make it fail without permissions, which root ignores.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { MemoryReactor } from "../../testing/mod.ts";
import { DailyLogFile, LogFile, LogPublisher, startLogging } from "../mod.ts";
import { useWallClock } from "../wall_clock.ts";

/** A directory that is removed at the end of the test. */
class TestDirectory implements Disposable {
  readonly path = Deno.makeTempDirSync();

  read(name: string): string {
    return Deno.readTextFileSync(`${this.path}/${name}`);
  }

  names(): string[] {
    return [...Deno.readDirSync(this.path)].map(({ name }) => name).toSorted();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

Deno.test("LogFile.write() appends bytes and text", () => {
  using directory = new TestDirectory();
  for (const text of ["12345", "6ä"]) {
    using file = new LogFile("test.log", directory.path);
    file.write(text);
    file.write(new TextEncoder().encode("!"));
  }
  assertEquals(directory.read("test.log"), "12345!6ä!");
});

Deno.test("LogFile rotates before a write once the file has its length", () => {
  using directory = new TestDirectory();
  using file = new LogFile("test.log", directory.path, { rotateLength: 10 });
  for (const text of ["123", "4567890", "1".repeat(11), ""]) file.write(text);
  assertEquals(directory.read("test.log"), "");
  assertEquals(directory.read("test.log.1"), "1".repeat(11));
  assertEquals(directory.read("test.log.2"), "1234567890");
  assertEquals(file.listLogs(), [1, 2]);
  assertEquals(file.size, 0);
});

Deno.test("LogFile counts the bytes that the file had when it was opened", () => {
  using directory = new TestDirectory();
  Deno.writeTextFileSync(`${directory.path}/test.log`, "0123456789");
  using file = new LogFile("test.log", directory.path, { rotateLength: 10 });
  file.write("new");
  assertEquals([directory.read("test.log.1"), directory.read("test.log")], ["0123456789", "new"]);
});

Deno.test("LogFile.maxRotatedFiles limits the old files", () => {
  using directory = new TestDirectory();
  const options = { rotateLength: 1, maxRotatedFiles: 3 };
  using file = new LogFile("test.log", directory.path, options);
  for (const text of "abcdefg") file.write(text);
  assertEquals(directory.names(), ["test.log", "test.log.1", "test.log.2", "test.log.3"]);
  assertEquals(directory.read("test.log.3"), "d");
});

Deno.test("LogFile with rotateLength null never rotates by itself", () => {
  using directory = new TestDirectory();
  using file = LogFile.fromFullPath(`${directory.path}/test.log`, { rotateLength: null });
  file.write("x".repeat(2_000_000));
  file.write("y");
  assertEquals(file.listLogs(), []);
  file.rotate();
  assertEquals(file.listLogs(), [1]);
});

Deno.test("LogFile.listLogs() ignores files with other names", () => {
  using directory = new TestDirectory();
  using file = new LogFile("test.log", directory.path);
  for (const end of ["1", "10", "2", "0", "x", "1.gz", "-1"]) {
    Deno.writeTextFileSync(`${directory.path}/test.log.${end}`, "");
  }
  assertEquals(file.listLogs(), [1, 2, 10]);
});

Deno.test("LogReader.readLines() returns the next lines of the current and of old files", () => {
  using directory = new TestDirectory();
  using file = new LogFile("test.log", directory.path);
  const long = `${"ä".repeat(100_000)}\n`;
  file.write(`1\n2\n${long}`);
  file.rotate();
  file.write("last");
  using old = file.getLog(1);
  assertEquals(old.readLines(1), ["1\n"]);
  assertEquals(old.readLines(), ["2\n", long]);
  assertEquals(old.readLines(), []);
  using current = file.getCurrentLog();
  assertEquals(current.readLines(), ["last"]);
  assertThrows(() => file.getLog(2), Deno.errors.NotFound);
});

Deno.test("LogReader.readLines() with 0 returns no line, and takes none", () => {
  using directory = new TestDirectory();
  using file = new LogFile("test.log", directory.path);
  file.write("1\n");
  using reader = file.getCurrentLog();
  assertEquals([reader.readLines(0), reader.readLines(1)], [[], ["1\n"]]);
});

Deno.test({
  name: "LogFile does not change the mode of a file that exists, such as /dev/null",
  ignore: Deno.build.os === "windows",
  fn(): void {
    const { mode } = Deno.statSync("/dev/null");
    using file = new LogFile("null", "/dev", { defaultMode: 0o555 });
    file.write("x");
    assertEquals([file.path, Deno.statSync("/dev/null").mode], ["/dev/null", mode]);
  },
});

Deno.test({
  name: "LogFile.defaultMode is the mode of new files, and else that of the existing file",
  ignore: Deno.build.os === "windows",
  fn(): void {
    using directory = new TestDirectory();
    const modeOf = (name: string): number =>
      (Deno.statSync(`${directory.path}/${name}`).mode ?? 0) & 0o777;
    using given = new LogFile("given.log", directory.path, { defaultMode: 0o666 });
    assertEquals(modeOf("given.log"), 0o666);
    given.rotate();
    assertEquals(modeOf("given.log"), 0o666);
    Deno.writeTextFileSync(`${directory.path}/old.log`, "");
    Deno.chmodSync(`${directory.path}/old.log`, 0o622);
    using old = new LogFile("old.log", directory.path);
    old.rotate();
    assertEquals(modeOf("old.log"), 0o622);
  },
});

Deno.test("LogFile.reopen() on SIGHUP creates a file that another tool has renamed", () => {
  using directory = new TestDirectory();
  using file = new LogFile("test.log", directory.path);
  const reactor = new MemoryReactor();
  reactor.addSignalHandler("SIGHUP", () => file.reopen());
  file.write("old");
  Deno.renameSync(file.path, `${file.path}.moved`);
  file.write("er");
  reactor.signalHandlers[0]?.handler("SIGHUP");
  file.write("new");
  assertEquals([directory.read("test.log.moved"), directory.read("test.log")], ["older", "new"]);
});

Deno.test("LogFile.reopen() keeps the file if the new one cannot be opened", () => {
  using directory = new TestDirectory();
  using file = new LogFile("test.log", directory.path);
  Deno.renameSync(file.path, `${file.path}.moved`);
  Deno.mkdirSync(file.path);
  assertThrows(() => file.reopen());
  file.write("kept");
  assertEquals(directory.read("test.log.moved"), "kept");
});

Deno.test("LogFile.write() writes the data even if the rotation fails, and throws", () => {
  using directory = new TestDirectory();
  using file = new LogFile("test.log", directory.path, { rotateLength: 1, maxRotatedFiles: 1 });
  // A directory with content cannot be removed as a file.
  Deno.mkdirSync(`${file.path}.1/x`, { recursive: true });
  file.write("a");
  assertThrows(() => file.write("b"), Error, `Cannot rotate ${file.path}`);
  assertEquals(directory.read("test.log"), "ab");
});

Deno.test("LogFile.write() opens the file again after a rotation that could not open it", () => {
  using directory = new TestDirectory();
  using file = new LogFile("test.log", directory.path, { rotateLength: 1 });
  file.write("a");
  Deno.renameSync(directory.path, `${directory.path}.moved`);
  for (const text of ["b", "c"]) assertThrows(() => file.write(text), Deno.errors.NotFound);
  assertThrows(() => file.reopen(), Deno.errors.NotFound);
  Deno.renameSync(`${directory.path}.moved`, directory.path);
  file.write("d");
  assertEquals([file.closed, directory.read("test.log")], [false, "d"]);
  assertEquals(directory.read("test.log.1"), "a");
});

Deno.test("LogFile.close() closes the file: later calls name it", () => {
  using directory = new TestDirectory();
  const file = new LogFile("test.log", directory.path);
  file.close();
  file.close();
  assert(file.closed);
  assertThrows(
    () => file.write("x"),
    Error,
    `Cannot write to ${file.path}: the log file is closed`,
  );
  assertThrows(() => file.reopen(), Error, "Cannot reopen");
  assertThrows(() => file.rotate(), Error, "Cannot rotate");
});

Deno.test("LogFile refuses limits that are not positive integers", () => {
  assertThrows(() => new LogFile("x", "/nowhere", { rotateLength: 0 }), RangeError, "rotateLength");
  assertThrows(
    () => new LogFile("x", "/nowhere", { maxRotatedFiles: 1.5 }),
    RangeError,
    "maxRotatedFiles",
  );
  assertThrows(() => new LogFile("x", "/nowhere"), Deno.errors.NotFound);
});

Deno.test("LogFile refuses a name or a directory that is not a string", () => {
  // The types reject these arguments.
  const make: new (...args: unknown[]) => LogFile = LogFile as never;
  assertThrows(
    () => new make("server.log"),
    TypeError,
    "the directory of a log file must be a string, got undefined",
  );
  assertThrows(() => new make(7, "/nowhere"), TypeError, "the name of a log file must be a string");
});

Deno.test("startLogging() writes lines to a LogFile", () => {
  using directory = new TestDirectory();
  using file = new LogFile("test.log", directory.path);
  const publisher = new LogPublisher();
  startLogging(file, { publisher, formatTime: () => "now" });
  publisher.msg("Hello.");
  assertEquals(directory.read("test.log"), "now [-] Log opened.\nnow [-] Hello.\n");
});

Deno.test("DailyLogFile rotates before the first write of another day", () => {
  using directory = new TestDirectory();
  let now = new Date(2026, 0, 1, 12).getTime();
  using _clock = useWallClock(() => now);
  using file = new DailyLogFile("test.log", directory.path);
  file.write("first");
  now += 24 * 3600 * 1000;
  assert(file.shouldRotate());
  file.write("second");
  assertEquals(file.lastDate, [2026, 1, 2]);
  // The time is set back: nothing rotates.
  now -= 24 * 3600 * 1000;
  file.write("!");
  assertEquals(directory.names(), ["test.log", "test.log.2026_1_1"]);
  assertEquals(directory.read("test.log.2026_1_1"), "first");
  using old = file.getLog(now / 1000);
  assertEquals(old.readLines(), ["first"]);
  using current = file.getLog(now / 1000 + 24 * 3600);
  assertEquals(current.readLines(), ["second!"]);
});

Deno.test("DailyLogFile continues an existing file of its day, and rotates an older one", () => {
  using directory = new TestDirectory();
  const path = `${directory.path}/test.log`;
  const modified = new Date(2026, 4, 6, 23, 59);
  Deno.writeTextFileSync(path, "old");
  Deno.utimeSync(path, modified, modified);
  using _clock = useWallClock(() => new Date(2026, 4, 7).getTime());
  using file = DailyLogFile.fromFullPath(path);
  file.write("new");
  assertEquals([directory.read("test.log.2026_5_6"), directory.read("test.log")], ["old", "new"]);
});

Deno.test("DailyLogFile keeps its file if the file of that day exists", () => {
  using directory = new TestDirectory();
  let now = new Date(2026, 0, 1, 12).getTime();
  using _clock = useWallClock(() => now);
  using file = new DailyLogFile("test.log", directory.path);
  Deno.writeTextFileSync(`${file.path}.2026_1_1`, "there");
  file.write("first");
  now += 24 * 3600 * 1000;
  file.write("second");
  assertEquals(directory.read("test.log"), "firstsecond");
  assertEquals(directory.read("test.log.2026_1_1"), "there");
  assertEquals(file.shouldRotate(), false);
});

Deno.test("DailyLogFile writes the data even if the rotation fails, throws, and waits a day", () => {
  using directory = new TestDirectory();
  let now = new Date(2026, 0, 1, 12).getTime();
  using _clock = useWallClock(() => now);
  // The name of the old file would be longer than a file system allows.
  using file = new DailyLogFile("x".repeat(250), directory.path);
  file.write("first");
  now += 24 * 3600 * 1000;
  assertThrows(() => file.write("second"), Error, `Cannot rotate ${file.path}`);
  assertEquals([directory.read(file.name), file.shouldRotate()], ["firstsecond", false]);
  file.write("third");
});

Deno.test("DailyLogFile.toDate() and suffix() give the day of a time, by default today", () => {
  using directory = new TestDirectory();
  using _clock = useWallClock(() => new Date(2026, 4, 7, 23, 59).getTime());
  using file = new DailyLogFile("test.log", directory.path);
  const seconds = new Date(2014, 9, 22).getTime() / 1000;
  assertEquals([file.toDate(), file.toDate(seconds)], [[2026, 5, 7], [2014, 10, 22]]);
  assertEquals([file.suffix([2014, 10, 22]), file.suffix(seconds)], ["2014_10_22", "2014_10_22"]);
  assertThrows(() => file.getLog(seconds), Deno.errors.NotFound);
});
