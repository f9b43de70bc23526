// UNIX datagrams. Each test runs its own process, with a flag that the other tests run without.

import { assertEquals, assertMatch } from "@std/assert";
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

Deno.test("DenoReactor passes the conformance tests of UNIX datagrams", async () => {
  const suite = new URL("testing/fixtures/deno_unix_datagrams.ts", library).pathname;
  await using running = new Program(["test", "-A", "--no-check", "--unstable-net", suite]);
  const { code, lines } = await running.end();
  assertEquals(code, 0, lines.join("\n"));
  assertMatch(lines.join("\n"), /ok \| \d\d passed \| 0 failed/);
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
