// UNIX sockets in programs with exactly the permissions that the documentation names.

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Program } from "../../../testing/fixtures/program.ts";
import { SocketFixture, socketTest } from "../../../testing/fixtures/socket_fixture.ts";
import {
  connectTo,
  freePath,
  listenAt,
  stalePath,
} from "../../../testing/conformance/unix_transport.ts";
import type { ListenUNIXOptions } from "../../interfaces/mod.ts";
import { DenoReactor } from "./reactor.ts";

const test = socketTest(
  "UNIX permissions",
  (errors) => new SocketFixture(new DenoReactor(), errors),
);

const BEGINNING = `
  import { DenoReactor } from ${JSON.stringify(import.meta.resolve("./reactor.ts"))};
  import { ClientFactory, Protocol } from ${
  JSON.stringify(import.meta.resolve("../../../protocol/mod.ts"))
};
  const [path, options] = Deno.args;
  const reactor = new DenoReactor();
  const say = (error) => console.log(error.name + ": " + error.message);
`;
const LISTENING = `${BEGINNING}
  try {
    reactor.listenUNIX(path, ClientFactory.forProtocol(Protocol), JSON.parse(options));
    console.log((Deno.lstatSync(path).mode & 0o777).toString(8));
  } catch (error) {
    say(error);
  }
`;
const CONNECTING = `${BEGINNING}
  const factory = ClientFactory.forProtocol(class extends Protocol {
    connectionMade() {
      console.log("made");
      reactor.stop();
    }
  });
  factory.clientConnectionFailed = (_, reason) => {
    say(reason);
    reactor.stop();
  };
  reactor.connectUNIX(path, factory);
  await reactor.run();
`;

/** Returns the output of a program that runs with the given permissions for the path. */
async function linesOf(
  source: string,
  path: string,
  permissions: string[],
  { umask = "022", ...options }: ListenUNIXOptions & { umask?: string } = {},
): Promise<string[]> {
  await using program = new Program([
    "-c",
    `umask ${umask}; exec "$0" run --quiet --no-prompt "$@"`,
    Deno.execPath(),
    ...permissions,
    `data:text/javascript,${encodeURIComponent(source)}`,
    path,
    JSON.stringify(options),
  ], { command: "sh" });
  const { lines, errors } = await program.end();
  assertEquals(errors, "");
  return lines;
}

/** The permissions for a socket with a file. */
const allowed = (
  path: string,
) => [`--allow-net=unix:${path}`, `--allow-read=${path}`, `--allow-write=${path}`];

Deno.test(
  test("listenUNIX() with a mode needs net, read and write permission for its path only", async (fixture) => {
    const path = freePath(fixture);
    assertEquals(await linesOf(LISTENING, path, allowed(path)), ["666"]);
    assertEquals(await linesOf(LISTENING, path, allowed(path), { mode: 0o600 }), ["600"]);
    assertEquals(await linesOf(LISTENING, path, allowed(path), { mode: 0o660, umask: "002" }), [
      "660",
    ]);
  }),
);

Deno.test(
  test("listenUNIX() replaces a stale socket file with access to its path only", async (fixture) => {
    const dead = stalePath(fixture);
    assertEquals(await linesOf(LISTENING, dead, allowed(dead)), ["666"]);
    const alive = freePath(fixture);
    fixture.closeAfter(listenAt(alive));
    const [line = ""] = await linesOf(LISTENING, alive, allowed(alive));
    assertMatch(line, /^CannotListenError: .*: Address already in use/);
    fixture.raw(await connectTo(alive));
  }),
);

Deno.test(
  test("connectUNIX() needs net, read and write permission for its path only", async (fixture) => {
    const path = freePath(fixture);
    fixture.closeAfter(listenAt(path));
    assertEquals(await linesOf(CONNECTING, path, allowed(path)), ["made"]);
  }),
);

for (const missing of ["net", "read", "write"]) {
  Deno.test(
    test(`listenUNIX() and connectUNIX() without ${missing} name the missing permission`, async (fixture) => {
      const path = freePath(fixture);
      const rest = allowed(path).filter((flag) => !flag.startsWith(`--allow-${missing}`));
      const pattern = new RegExp(`: Requires ${missing} access to .*--allow-${missing}`);
      assertMatch((await linesOf(LISTENING, path, rest))[0] ?? "", pattern);
      assertMatch((await linesOf(CONNECTING, path, rest))[0] ?? "", pattern);
    }),
  );
}

Deno.test(
  test("listenUNIX() without --allow-sys fails if the umask allows more than its mode", async (fixture) => {
    const path = freePath(fixture);
    const options = { mode: 0o600, umask: "002" };
    assertEquals(await linesOf(LISTENING, path, allowed(path), options), [
      `CannotListenError: Cannot listen on ${path}: its file was created with mode 775, ` +
      "so other users could connect before the mode was changed to 600: " +
      "run with --allow-sys, or under a umask of 077",
    ]);
    await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
    assertEquals(await linesOf(LISTENING, path, [...allowed(path), "--allow-sys"], options), [
      "600",
    ]);
  }),
);

Deno.test(
  test("listenUNIX() with wantPID needs read and write permission for all paths", async (fixture) => {
    const path = freePath(fixture);
    const [line = ""] = await linesOf(LISTENING, path, allowed(path), { wantPID: true });
    assertMatch(line, /^CannotListenError: .* requires unscoped --allow-read and --allow-write/);
    const all = [`--allow-net=unix:${path}`, "--allow-read", "--allow-write"];
    assertEquals(await linesOf(LISTENING, path, all, { wantPID: true }), ["666"]);
  }),
);
