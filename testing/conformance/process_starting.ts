/**
 * The start of child processes: arguments, environment, folder, user and descriptors, and errors.
 *
 * @module
 */

import { closeSync, openSync } from "node:fs";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "../assertions.ts";
import { ProcessAddress } from "../../reactor/addresses.ts";
import { SpawnError, UnsupportedError } from "../../reactor/errors.ts";
import type { IReactor, SpawnProcessOptions } from "../../reactor/interfaces/mod.ts";
import {
  Child,
  isThere,
  type ProcessFixture,
  processTest,
  temporaryFolder,
} from "../fixtures/process_fixture.ts";

/** Returns the output of `env -0`. */
async function environment(
  fixture: ProcessFixture,
  env: SpawnProcessOptions["env"] | undefined,
): Promise<Record<string, string>> {
  const child = new Child();
  fixture.spawn("env", child, { args: ["-0"], ...(env === undefined ? {} : { env }) });
  await child.ended();
  const pairs = child.out.split("\0").slice(0, -1);
  return Object.fromEntries(pairs.map((pair) => pair.split(/=([^]*)/, 2)));
}

/** Defines the tests of starting. */
export function startingChildren(name: string, makeReactor: () => IReactor): void {
  const test = processTest(`${name}: processes`, makeReactor);

  Deno.test(
    test("spawnProcess() returns the transport, with pid and address, after makeConnection()", async (fixture) => {
      fixture.run();
      const child = new Child();
      const process = fixture.spawn("cat", child);
      assertEquals(child.events, ["made"]);
      assertStrictEquals(child.transport, process);
      assertEquals(typeof process.pid, "number");
      assertEquals(String(process.getPeer()), `cat (${process.pid})`);
      assert(process.getHost().equals(new ProcessAddress("cat", process.pid ?? 0)));
      process.closeStdin();
      await child.ended();
    }),
  );

  Deno.test(
    test("spawnProcess() before run() reports output and exit once the reactor runs", async (fixture) => {
      const child = fixture.sh("echo out; echo err >&2");
      const exited = Promise.withResolvers<void>();
      // The file exists until the child is reaped, which the reactor does before it runs.
      const { pid } = child.transport;
      assert(pid !== null);
      const look = () => isThere(pid) ? setTimeout(look, 1) : exited.resolve();
      look();
      await exited.promise;
      assertEquals(child.events, ["made"]);
      fixture.run();
      await child.ended();
      assertEquals([child.out, child.err], ["out\n", "err\n"]);
    }),
  );

  Deno.test(test("spawnProcess() passes args to the child unchanged", async (fixture) => {
    fixture.run();
    const all = Array.from({ length: 254 }, (_, i) => String.fromCharCode(i + 1)).join("");
    const args = [
      "hello",
      '"',
      " \t|<>^&",
      '"\\"hello\\"',
      '"foo\\ bar baz\\""',
      "a'b",
      "",
      "-c",
      all,
    ];
    const child = new Child();
    fixture.spawn("/bin/sh", child, { args: ["-c", 'printf "%s\\0" "$@"', "sh", ...args] });
    await child.ended();
    assertEquals(child.out.split("\0").slice(0, -1), args);
  }));

  Deno.test(
    test("spawnProcess() passes exactly env; null passes this process's environment", async (fixture) => {
      fixture.run();
      assertEquals(await environment(fixture, undefined), {});
      const own = { A: "b=c", EMPTY: "", UMLAUT: "ü", PATH: Deno.env.get("PATH") ?? "" };
      assertEquals(await environment(fixture, own), own);
      assertEquals(await environment(fixture, null), { ...Deno.env.toObject() });
    }),
  );

  Deno.test(test("spawnProcess() looks a program up in the child's PATH", async (fixture) => {
    fixture.run();
    const bin = temporaryFolder(fixture);
    await Deno.writeTextFile(`${bin}/cat`, "#!/bin/sh\necho mine\n", { mode: 0o700 });
    const child = new Child();
    fixture.spawn("cat", child, { env: { PATH: `${bin}:/bin` } });
    await child.ended();
    assertEquals(child.out, "mine\n");
  }));

  Deno.test(test("spawnProcess() starts the child in the folder `path`", async (fixture) => {
    fixture.run();
    const path = temporaryFolder(fixture);
    const child = fixture.sh("pwd", {}, { path });
    const here = fixture.sh("pwd");
    await Promise.all([child.ended(), here.ended()]);
    assertEquals([child.out, here.out], [`${path}\n`, `${Deno.cwd()}\n`]);
  }));

  Deno.test(test("spawnProcess() runs the child as uid and gid", async (fixture) => {
    fixture.run();
    // Only root may change to another user.
    const [uid, gid] = Deno.uid() === 0 ? [1, 2] : [Deno.uid() ?? 0, Deno.gid() ?? 0];
    // Another user may have no access to the folder of these tests.
    const child = fixture.sh("id -u; id -g", {}, { uid, gid, path: "/" });
    await child.ended();
    assertEquals(child.out, `${uid}\n${gid}\n`);
  }));

  Deno.test(
    test("spawnProcess() runs a script by the interpreter in its first line", async (fixture) => {
      fixture.run();
      const script = `${temporaryFolder(fixture)}/script`;
      await Deno.writeTextFile(script, '#!/bin/sh\necho "this is the output"\n', { mode: 0o700 });
      const child = new Child();
      fixture.spawn(script, child);
      assertEquals((await child.ended()).exitCode, 0);
      assertEquals(child.out, "this is the output\n");
    }),
  );

  Deno.test(
    test("spawnProcess() passes no other descriptor of this process to the child", async (fixture) => {
      fixture.run();
      const path = `${temporaryFolder(fixture)}/open`;
      fixture.closeAfter(await Deno.open(path, { create: true, write: true }));
      fixture.closeAfter(Deno.listen({ port: 0 }));
      const child = fixture.sh("ls -l /proc/$$/fd");
      await child.ended();
      assertEquals(child.out.includes(path) || child.out.includes("socket:"), false, child.out);
      for (const fd of [0, 1, 2]) assert(child.out.includes(` ${fd} -> pipe:`), child.out);
    }),
  );

  Deno.test(
    test("spawnProcess() passes the descriptors that childFDs names by number", async (fixture) => {
      fixture.run();
      const path = `${temporaryFolder(fixture)}/file`;
      await Deno.writeTextFile(path, "from the file\n");
      const [input, output] = [openSync(path, "r"), openSync(`${path}.out`, "w")];
      fixture.after(() => [input, output].forEach(closeSync));
      const child = fixture.sh("cat; echo err >&2", {}, {
        childFDs: { 0: input, 1: output, 2: "r" },
      });
      await child.ended();
      assertEquals(await Deno.readTextFile(`${path}.out`), "from the file\n");
      assertEquals(child.err, "err\n");
      assertEquals(child.events.toSorted(), ["ended", "err", "err lost", "exited", "made"]);
    }),
  );

  Deno.test(
    test("spawnProcess() opens /dev/null for a descriptor that childFDs omits", async (fixture) => {
      fixture.run();
      const child = fixture.sh("echo out; echo err >&2; read line; exit $?", {}, { childFDs: {} });
      child.transport.write("into nothing");
      assertThrows(() => child.transport.writeToChild(0, "into nothing"), RangeError);
      assertEquals((await child.ended()).exitCode, 1);
      assertEquals(child.events, ["made", "exited", "ended"]);
    }),
  );

  Deno.test(
    test("spawnProcess() throws a SpawnError for a program that is missing or not executable", () => {
      const failing: [string, SpawnProcessOptions, string | undefined, RegExp][] = [
        ["/nonexistent/program", {}, "ENOENT", /"\/nonexistent\/program".*No such file/],
        ["/etc/passwd", {}, "EACCES", /"\/etc\/passwd".*denied/],
        ["cat", { path: "/nonexistent" }, "ENOENT", /"cat".*\/nonexistent/],
        ["cat", { args: ["\0"] }, "EINVAL", /"cat".*nul byte/],
      ];
      const child = new Child();
      for (const [executable, options, code, message] of failing) {
        const error = assertThrows(
          () => makeReactor().spawnProcess(child, executable, options),
          SpawnError,
        );
        assertEquals([error.code, error.executable], [code, executable]);
        assert(message.test(error.message), error.message);
      }
      assertEquals(child.events, []);
    }),
  );

  Deno.test(
    test("spawnProcess() throws an UnsupportedError that names an unsupported option", () => {
      const reactor = makeReactor();
      const asked: [SpawnProcessOptions, string][] = [
        [{ usePTY: true }, "terminal"],
        [{ childFDs: { 0: "w", 1: "r", 2: "r", 3: "r" } }, "descriptor 3"],
        [{ childFDs: { 0: "r" } }, '"cat" with "r" for descriptor 0'],
        [{ childFDs: { 1: "w" } }, '"cat" with "w" for descriptor 1'],
      ];
      for (const [options, message] of asked) {
        assertThrows(
          () => reactor.spawnProcess(new Child(), "cat", options),
          UnsupportedError,
          message,
        );
      }
    }),
  );
}
