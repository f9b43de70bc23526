import { assertEquals, assertRejects } from "@std/assert";
import { FakeHostEnvironment } from "./mod.ts";

Deno.test("FakeHostEnvironment has variables and a process id", () => {
  const host = new FakeHostEnvironment();
  host.variables.set("LISTEN_FDS", "2");
  assertEquals([host.getEnvironment("LISTEN_FDS"), host.getEnvironment("x")], ["2", undefined]);
  assertEquals(host.pid, 4711);
});

Deno.test("FakeHostEnvironment.readDirectory() returns each name once", async () => {
  const host = new FakeHostEnvironment();
  host.files.set("/etc/certs/a.pem", "a");
  host.files.set("/etc/certs/old/b.pem", "b");
  host.files.set("/etc/certs/old/c.pem", "c");
  assertEquals(await host.readDirectory("/etc/certs"), ["a.pem", "old"]);
  assertEquals(await host.readDirectory("/etc/"), ["certs"]);
  assertEquals(await host.readTextFile("/etc/certs/a.pem"), "a");
});

Deno.test("FakeHostEnvironment rejects paths with the error codes of a real host", async () => {
  const host = new FakeHostEnvironment();
  host.files.set("/etc/certs/a.pem", "a");
  const code = (reading: Promise<unknown>): Promise<unknown> =>
    reading.then(() => "none", (error) => error.code);
  assertEquals(await code(host.readDirectory("/etc/c")), "ENOENT");
  assertEquals(await code(host.readTextFile("/etc/c")), "ENOENT");
  assertEquals(await code(host.readDirectory("/etc/certs/a.pem")), "ENOTDIR");
  await assertRejects(
    () => host.readDirectory("/etc/c"),
    Deno.errors.NotFound,
    'Cannot read the directory "/etc/c"',
  );
  await assertRejects(() => host.readDirectory("/etc/certs/a.pem"), Deno.errors.NotADirectory);
});
