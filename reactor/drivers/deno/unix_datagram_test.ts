// UNIX datagrams. Each test runs its own process, with a flag that the other tests run without.
// Of Twisted's tests:
//
// - `test/test_unix.py`, `DatagramUnixSocketTests`: `test_exchange`, `test_cannotListen` (whose
//   file need not be removed here). The tests of `repr` are about Python's.
// - `internet/test/test_unix.py`, `UNIXDatagramTestsBuilder`: both.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Program, type ProgramEnd } from "../../../testing/fixtures/program.ts";

const library = new URL("../../../", import.meta.url);

/**
 * Runs a program until it exits by itself. It may use `folder`, an empty one, and the helpers
 * below.
 */
async function run(source: string, flags = ["-A", "--unstable-net"]): Promise<ProgramEnd> {
  const folder = await Deno.makeTempDir();
  const program = `
    import { DatagramProtocol, DenoReactor, log } from "${library}mod.ts";
    import { ConnectedDatagramProtocol } from "${library}protocol/mod.ts";
    import { UNIXAddress } from "${library}reactor/mod.ts";
    log.addObserver((event) => {
      if (event.isError || event.level === "warn") console.log("log:", log.eventText(event).split("\\n")[0]);
    });
    const folder = ${JSON.stringify(folder)};
    const reactor = new DenoReactor();
    const text = (bytes) => new TextDecoder().decode(bytes);
    const attempt = (f) => {
      try {
        f();
        console.log("done");
      } catch (error) {
        console.log(error.name + ": " + error.message.replaceAll(folder, "FOLDER"));
      }
    };
    const exists = async (path) => await Deno.lstat(path).then(() => true, () => false);
    class Echo extends DatagramProtocol {
      datagramReceived(datagram, addr) {
        this.transport.write("echo " + text(datagram), addr);
      }
      stopProtocol() {
        console.log("echo stopped");
      }
    }
    ${source}
  `;
  try {
    const url = `data:text/javascript,${encodeURIComponent(program)}`;
    await using running = new Program(["run", "--quiet", "--no-prompt", ...flags, url]);
    return await running.end();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Runs a program that must exit with code 0.
 *
 * @returns The lines that it printed.
 */
async function linesOf(source: string): Promise<string[]> {
  const { code, lines, errors } = await run(source);
  assertEquals([code, errors], [0, ""], lines.join("\n"));
  return lines;
}

Deno.test("listenUNIXDatagram() without --unstable-net throws an error that names the flag", async () => {
  const { code, lines, errors } = await run(
    `
    attempt(() => reactor.listenUNIXDatagram(folder + "/a", new Echo()));
    attempt(() => reactor.connectUNIXDatagram(folder + "/a", new ConnectedDatagramProtocol()));
    `,
    ["-A"],
  );
  assertEquals([code, errors], [0, ""]);
  assertEquals(lines.length, 2);
  for (const line of lines) assertMatch(line, /^UnsupportedError: .*run with --unstable-net$/);
});

Deno.test("listenUNIXDatagram() exchanges datagrams with the path of the sender", async () => {
  const lines = await linesOf(`
    class Client extends ConnectedDatagramProtocol {
      startProtocol() {
        console.log("peer", this.transport.getPeer().name === folder + "/server");
        this.transport.write("one");
      }
      datagramReceived(datagram) {
        console.log(text(datagram));
        if (text(datagram) === "echo one") return this.transport.writeSequence(["t", "wo"]);
        reactor.stop();
      }
      stopProtocol() {
        console.log("client stopped");
      }
    }
    const port = reactor.listenUNIXDatagram(folder + "/server", new Echo());
    console.log(port.getHost() instanceof UNIXAddress, port.getHost().name === folder + "/server");
    reactor.connectUNIXDatagram(folder + "/server", new Client(), { bindAddress: folder + "/client" });
    await reactor.run();
    console.log(await exists(folder + "/server"), await exists(folder + "/client"));
  `);
  assertEquals(lines.slice(0, 4), ["true true", "peer true", "echo one", "echo two"]);
  assertEquals(lines.slice(4, 6).toSorted(), ["client stopped", "echo stopped"]);
  assertEquals(lines[6], "false false");
});

Deno.test("listenUNIXDatagram() exchanges a thousand datagrams each way, in order, without loss", async () => {
  const lines = await linesOf(`
    const COUNT = 1000;
    class Counter extends DatagramProtocol {
      sent = 0;
      received = 0;
      inOrder = true;
      datagramReceived(datagram, addr) {
        this.inOrder &&= text(datagram) === String(this.received);
        this.received++;
        this.sendOn(addr.name);
        if (counters.every(({ received }) => received === COUNT)) reactor.stop();
      }
      // Two at a time, because a receiver's queue holds ten (net.unix.max_dgram_qlen).
      sendOn(path) {
        while (this.sent < COUNT && this.sent < this.received + 2) this.transport.write(String(this.sent++), path);
      }
    }
    const counters = [new Counter(), new Counter()];
    const paths = [folder + "/a", folder + "/b"];
    counters.forEach((counter, i) => reactor.listenUNIXDatagram(paths[i], counter));
    counters.forEach((counter, i) => counter.sendOn(paths[1 - i]));
    await reactor.run();
    console.log(...counters.map(({ received, inOrder }) => [received, inOrder]).flat());
  `);
  assertEquals(lines, ["1000 true 1000 true"]);
});

Deno.test("UNIXDatagramPort.write() sends while a receive is pending, without stray datagrams", async () => {
  const lines = await linesOf(`
    class Server extends DatagramProtocol {
      datagramReceived(datagram, addr) {
        console.log(text(datagram), addr.name === folder + "/echo");
        // In a later turn, when the next receive is pending.
        reactor.callLater(0, () => this.ask());
      }
      ask() {
        if (++this.replies > 5) return reactor.stop();
        this.transport.write(String(this.replies), folder + "/echo");
        this.transport.write(String(this.replies) + "b", folder + "/none");
      }
      replies = 0;
    }
    const server = new Server();
    reactor.listenUNIXDatagram(folder + "/server", server);
    reactor.listenUNIXDatagram(folder + "/echo", new Echo());
    reactor.callLater(0, () => server.ask());
    await reactor.run();
  `);
  assertEquals(
    lines.filter((line) => !/^log: Cannot send a datagram to |^echo stopped$/.test(line)),
    [1, 2, 3, 4, 5].map((i) => `echo ${i} true`),
  );
});

Deno.test("listenUNIXDatagram() throws CannotListenError for a path in use, too long or missing", async () => {
  const lines = await linesOf(`
    const protocol = new Echo();
    const port = reactor.listenUNIXDatagram(folder + "/a", protocol);
    attempt(() => reactor.listenUNIXDatagram(folder + "/a", new Echo()));
    attempt(() => reactor.listenUNIXDatagram(folder + "/" + "x".repeat(200), new Echo()));
    attempt(() => reactor.listenUNIXDatagram(folder + "/none/a", new Echo()));
    attempt(() => reactor.listenUNIXDatagram("", new Echo()));
    await port.stopListening();
    attempt(() => reactor.listenUNIXDatagram(folder + "/a", protocol).stopListening());
  `);
  assertEquals(lines.map((line) => line.replace(/x{200}/, "x…")), [
    "CannotListenError: Cannot listen on FOLDER/a: Address already in use (os error 98)",
    lines[1]?.replace(/x{200}/, "x…") ?? "",
    "CannotListenError: Cannot listen on FOLDER/none/a: No such file or directory (os error 2)",
    "RangeError: listenUNIXDatagram() path must not be empty",
    "echo stopped",
    "done",
    "echo stopped",
  ]);
  assertMatch(
    lines[1] ?? "",
    /^CannotListenError: Cannot listen on FOLDER\/x+: the path has \d+ bytes/,
  );
});

Deno.test("listenUNIXDatagram() sets the requested mode of its file, by default 666", async () => {
  const lines = await linesOf(`
    const mode = async (path) => ((await Deno.stat(path)).mode & 0o777).toString(8);
    reactor.listenUNIXDatagram(folder + "/a", new Echo(), { mode: 0o600 });
    reactor.listenUNIXDatagram(folder + "/b", new Echo());
    console.log(await mode(folder + "/a"), await mode(folder + "/b"));
    attempt(() => reactor.listenUNIXDatagram(folder + "/c", new Echo(), { mode: 0o1000 }));
    reactor.callWhenRunning(() => reactor.stop());
    await reactor.run();
  `);
  assertEquals(lines.slice(0, 2), [
    "600 666",
    "RangeError: mode must be an integer from 0 to 511, got 512",
  ]);
});

Deno.test("stopListening() removes only its own socket file, also after Deno.chdir()", async () => {
  const lines = await linesOf(`
    class Client extends ConnectedDatagramProtocol {
      startProtocol() { this.transport.write("hello"); }
      datagramReceived(datagram) { console.log(text(datagram)); this.done(); }
    }
    const running = reactor.run();
    await Deno.mkdir(folder + "/other");
    Deno.chdir(folder);
    const port = reactor.listenUNIXDatagram("server", new Echo());
    const client = new Client();
    const answered = new Promise((resolve) => client.done = resolve);
    Deno.chdir("/");
    reactor.connectUNIXDatagram(folder + "/server", client, { bindAddress: folder + "/client" });
    await answered;
    console.log(port.getHost().name === folder + "/server");
    Deno.chdir(folder + "/other");
    await Deno.writeTextFile("server", "precious");
    await port.stopListening();
    console.log(await exists(folder + "/server"), await Deno.readTextFile("server"));
    const again = reactor.listenUNIXDatagram("/" + folder + "/again", new Echo());
    await Deno.remove(folder + "/again");
    await Deno.writeTextFile(folder + "/again", "precious, too");
    await again.stopListening();
    console.log(await Deno.readTextFile(folder + "/again"));
    reactor.stop();
    await running;
    Deno.chdir("/");
  `);
  assertEquals(lines, [
    "echo hello",
    "true",
    "echo stopped",
    "false precious",
    "echo stopped",
    "precious, too",
  ]);
});

Deno.test("listenUNIXDatagram() on an abstract name has no file, and receives replies", async () => {
  const lines = await linesOf(`
    class Client extends ConnectedDatagramProtocol {
      startProtocol() {
        this.transport.write("hi");
      }
      datagramReceived(datagram) {
        console.log(text(datagram));
        reactor.stop();
      }
    }
    const name = "\\0torsion-" + Deno.pid;
    const port = reactor.listenUNIXDatagram(name, new Echo());
    console.log(port.getHost().name === name);
    reactor.connectUNIXDatagram(name, new Client(), { bindAddress: name + "-client" });
    await reactor.run();
  `);
  assertEquals(lines, ["true", "echo hi", "echo stopped"]);
});

Deno.test("connectUNIXDatagram() without bindAddress sends with an empty address, without replies", async () => {
  const lines = await linesOf(`
    class Server extends DatagramProtocol {
      datagramReceived(datagram, addr) {
        console.log(text(datagram), JSON.stringify(addr.name), String(addr));
        attempt(() => this.transport.write("x", addr));
        attempt(() => this.transport.write("x"));
        reactor.stop();
      }
    }
    reactor.listenUNIXDatagram(folder + "/a", new Server());
    const port = reactor.connectUNIXDatagram(folder + "/a", new ConnectedDatagramProtocol());
    console.log(JSON.stringify(port.getHost().name));
    port.write("hi");
    await reactor.run();
  `);
  assertEquals(lines, [
    '""',
    'hi "" unix:',
    "RangeError: Cannot write a datagram: the receiver's socket is not bound to a path",
    "TypeError: Cannot write a datagram: addr must be an address or a path, got undefined",
  ]);
});

Deno.test("connectUNIXDatagram() calls connectionFailed() for a missing peer or a path in use", async () => {
  const lines = await linesOf(`
    class Client extends ConnectedDatagramProtocol {
      startProtocol() {
        console.log("started");
      }
      connectionFailed(reason) {
        console.log(reason.name, reason.code);
      }
    }
    reactor.connectUNIXDatagram(folder + "/none", new Client(), { bindAddress: folder + "/client" });
    console.log(await exists(folder + "/client"));
    const port = reactor.listenUNIXDatagram(folder + "/a", new Echo());
    const client = reactor.connectUNIXDatagram(folder + "/a", new Client(), { bindAddress: folder + "/a" });
    client.write("nowhere");
    await client.stopListening();
    await port.stopListening();
  `);
  assertEquals(lines, [
    "ConnectError ENOENT",
    "false",
    "CannotListenError EADDRINUSE",
    "echo stopped",
  ]);
});

Deno.test("connectionRefused() reports a removed peer; an unconnected port logs it", async () => {
  const lines = await linesOf(`
    let refusals = 0;
    class Client extends ConnectedDatagramProtocol {
      connectionRefused() {
        console.log("refused");
        if (++refusals === 2) reactor.stop();
        else this.transport.write("again");
      }
    }
    const server = reactor.listenUNIXDatagram(folder + "/server", new Echo());
    const client = reactor.connectUNIXDatagram(folder + "/server", new Client(), { bindAddress: folder + "/c" });
    await server.stopListening();
    const other = reactor.listenUNIXDatagram(folder + "/other", new Echo());
    other.write("x", folder + "/server");
    reactor.callWhenRunning(() => client.write("one"));
    await reactor.run();
  `);
  assertEquals(lines.filter((line) => line === "refused").length, 2);
  assertEquals(lines.filter((line) => line.startsWith("log: Cannot send")).length, 1);
});

Deno.test("connectUNIXDatagram() receives only from its peer", async () => {
  const lines = await linesOf(`
    class Client extends ConnectedDatagramProtocol {
      datagramReceived(datagram) {
        console.log(text(datagram));
        reactor.stop();
      }
    }
    const server = reactor.listenUNIXDatagram(folder + "/server", new Echo());
    reactor.connectUNIXDatagram(folder + "/server", new Client(), { bindAddress: folder + "/client" });
    const other = reactor.listenUNIXDatagram(folder + "/other", new Echo());
    other.write("from another", folder + "/client");
    await other.stopListening();
    server.write("from the server", folder + "/client");
    await reactor.run();
  `);
  assertEquals(lines, ["echo stopped", "from the server", "echo stopped"]);
});

Deno.test("maxPacketSize drops and logs received UNIX datagrams that are longer", async () => {
  const lines = await linesOf(`
    class Server extends DatagramProtocol {
      datagramReceived(datagram) {
        console.log("received", datagram.length, datagram.buffer.byteLength);
        if (datagram.length === 4) reactor.stop();
      }
    }
    const port = reactor.listenUNIXDatagram(folder + "/a", new Server(), { maxPacketSize: 4 });
    const other = reactor.listenUNIXDatagram(folder + "/b", new Echo());
    for (const size of [0, 5, 900_000, 4]) other.write(new Uint8Array(size), port.getHost());
    await reactor.run();
  `);
  assertEquals(lines.filter((line) => line.startsWith("received")), [
    "received 0 0",
    "received 4 4",
  ]);
  const logged = lines.filter((line) => line.startsWith("log: ")).join("\n");
  assertStringIncludes(logged, "it is longer than maxPacketSize (4 bytes)");
  assertStringIncludes(logged, "Cannot send a datagram to");
});

Deno.test("write() to a UNIX datagram peer that does not read drops datagrams", async () => {
  const lines = await linesOf(`
    const silent = Deno.listenDatagram({ transport: "unixpacket", path: folder + "/silent" });
    class Client extends ConnectedDatagramProtocol {
      datagramReceived() {}
    }
    const port = reactor.listenUNIXDatagram(folder + "/a", new Echo());
    for (let i = 0; i < 100; i++) port.write("x", folder + "/silent");
    reactor.callLater(0.3, () => reactor.stop());
    await reactor.run();
    console.log("stopped");
    // The program exits explicitly, because a pending send would keep the process alive.
    Deno.exit(0);
  `);
  assertEquals(lines.slice(-2), ["echo stopped", "stopped"]);
  assertMatch(lines[0] ?? "", /^log: Cannot send a datagram to .*\/silent$/);
});
