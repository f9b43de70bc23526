// Runs examples/echo.ts on each transport that its header names, with exactly the permissions shown
// there, and exchanges data with it.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { testCertificates } from "../testing/fixtures/certificates.ts";
import { Example, examples, messages } from "../testing/fixtures/example.ts";
import { ForeignSocket } from "../testing/peers/foreign_socket.ts";
import { Program } from "../testing/fixtures/program.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

const header = Deno.readTextFileSync(new URL("echo.ts", examples));

/** Returns the header's command for a type of endpoint, with a port that the system chooses. */
function commandFor(type: string): string[] {
  const commands = [...header.matchAll(/^ \* {5}deno (run .+)$/gm)].map(([, command = ""]) =>
    command
  );
  const command = commands.find((each) =>
    each.includes(` examples/echo.ts ${type}:`) || each.includes(` '${type}:`)
  );
  assert(command !== undefined, `the header names no command for ${type}`);
  return command.replaceAll("'", "").replaceAll("2000", "0").split(" ");
}

/** Sends a text and returns the reply. */
async function echoed(conn: Deno.Conn, text: string): Promise<string> {
  const peer = new RawPeer(conn);
  await peer.send(text);
  await peer.conn.closeWrite();
  const back = new TextDecoder().decode(await peer.readAll());
  peer.close();
  return back;
}

/** Stops the server, as Ctrl-C does. */
async function stop(server: Program): Promise<void> {
  server.send("SIGINT");
  const { code, lines, errors } = await server.end();
  assertEquals([code, errors], [0, ""]);
  assertEquals(messages(lines).at(-1), "Main loop terminated.");
}

for (const [type, hostname] of [["tcp", "127.0.0.1"], ["tcp6", "::1"]] as const) {
  Deno.test(`echo.ts over ${type} echoes, with exactly its permissions`, async () => {
    await using server = new Program(commandFor(type));
    const [, port] = await server.line(/ starting on .*:(\d+)$/);
    const conn = await Deno.connect({ hostname, port: Number(port) });
    assertEquals(await echoed(conn, "hello"), "hello");
    await stop(server);
  });
}

Deno.test("echo.ts over a UNIX socket echoes, with exactly its permissions", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/echo.sock`;
    await using server = new Program(
      commandFor("unix").map((word) => word.replaceAll("/tmp/echo.sock", path)),
    );
    await server.line(new RegExp(` starting on ${RegExp.escape(path)}$`));
    assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    const conn = await Deno.connect({ transport: "unix", path });
    assertEquals(await echoed(conn, "hello"), "hello");
    await stop(server);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("echo.ts over TLS echoes, with exactly its permissions", async () => {
  const { authority, server: { cert, key } } = await testCertificates();
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/server.pem`;
    await Deno.writeTextFile(path, key + cert);
    await using server = new Program(
      commandFor("tls").map((word) => word.replaceAll("server.pem", path)),
    );
    const [, port] = await server.line(/ starting on .*:(\d+)$/);
    const conn = await Deno.connectTls({
      hostname: "127.0.0.1",
      port: Number(port),
      caCerts: [authority.cert],
    });
    assertEquals(await echoed(conn, "hello"), "hello");
    await stop(server);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("echo.ts over standard input and output echoes, and exits at the end of input", async () => {
  await using server = new Program(commandFor("stdio"), { input: true });
  await server.say("hello\n");
  await server.line("hello");
  await server.endInput();
  const { code, lines, errors } = await server.end();
  assertEquals([code, lines], [0, ["hello"]]);
  assertEquals(messages(errors.split("\n")).at(-1), "Main loop terminated.");
});

// As systemd does: the socket listens before the program starts, and is its descriptor 3.
const activate = (descriptor: number): string =>
  `exec 3<&${descriptor} && LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"`;

Deno.test("echo.ts over a socket inherited from systemd echoes, with exactly its permissions", async () => {
  using socket = ForeignSocket.listenIPv4();
  using inherited = socket.inheritable();
  const args = ["-c", activate(inherited.descriptor), "bash", Deno.execPath()];
  await using server = new Program([...args, ...commandFor("systemd")], { command: "bash" });
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: socket.port });
  assertEquals(await echoed(conn, "hello"), "hello");
  await stop(server);
});

Deno.test("echo.ts reports a mistake in its endpoint description, and exits with code 1", async () => {
  await using server = new Example("echo.ts", ["tcp:2000:interfce=127.0.0.1"]);
  const { code, errors } = await server.end();
  assertEquals(code, 1);
  assertStringIncludes(
    errors,
    'the type "tcp" has no argument "interfce"; its arguments are port, interface, backlog',
  );
  assertStringIncludes(errors, "  tcp:2000:interfce=127.0.0.1\n           ^^^^^^^^\n");
});

Deno.test("echo.ts reports that its port is in use, and exits with code 1", async () => {
  using taken = Deno.listen({ port: 0 });
  await using server = new Example("echo.ts", [`tcp:${taken.addr.port}`]);
  const { code, errors } = await server.end();
  assertEquals(code, 1);
  assertStringIncludes(errors, "Address already in use");
});
