// How the poller lives in a process: it ends with the program, leaves an idle reactor asleep, and
// says why it cannot run.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { Program, type ProgramEnd } from "../../../testing/fixtures/program.ts";
import { UnsupportedError } from "../../errors.ts";
import { EpollReactor } from "./reactor.ts";
import { libraryNames } from "./system_calls.ts";
import { WakeRing } from "./wake_ring.ts";

const MOD = new URL("../../../mod.ts", import.meta.url);
const EPOLL = new URL("./mod.ts", import.meta.url);

/** Runs a program with a reactor until it exits by itself. */
async function run(source: string, flags = ["-A"], ioUring = false): Promise<ProgramEnd> {
  const program = `
    import { EpollReactor } from "${EPOLL}";
    import { ClientFactory, DatagramProtocol, Factory, log, Protocol } from "${MOD}";
    log.addObserver((event) => { if (event.isError) console.log(log.eventText(event)); });
    const reactor = new EpollReactor({ ioUring: ${ioUring} });
    const factory = Factory.forProtocol(Protocol);
    ${source}
  `;
  const url = `data:text/javascript,${encodeURIComponent(program)}`;
  await using running = new Program(["run", "--quiet", "--no-prompt", ...flags, url]);
  return await running.end();
}

const LISTEN = `
  const port = reactor.listenTCP(0, factory, { interface: "127.0.0.1" });
  const connected = () => Deno.connect({ hostname: "127.0.0.1", port: port.getHost().port });
`;

/** Defines the tests of a reactor that waits in a thread, or with io_uring. */
function waitTests(waiter: string, ioUring: boolean): void {
  const runWaiting = (source: string) => run(source, ["-A"], ioUring);

  Deno.test(`EpollReactor lets the process end after stop() and after crash(), while ${waiter} waits`, async () => {
    for (const end of ["stop", "crash"]) {
      const { code, errors } = await runWaiting(`
      ${LISTEN}
      // The wait starts when nothing has happened for some turns.
      reactor.callLater(0.05, () => reactor.${end}());
      await reactor.run();
    `);
      assertEquals([code, errors], [0, ""], end);
    }
  });

  Deno.test(`EpollReactor with ${waiter} that does not run does not keep the process alive`, async () => {
    const { code, errors } = await runWaiting(`
    ${LISTEN}
    reactor.listenUDP(0, new DatagramProtocol(), { interface: "127.0.0.1" });
  `);
    assertEquals([code, errors], [0, ""]);
  });

  Deno.test(`crash() leaves the connections of a living process in service, with ${waiter}`, async () => {
    const { code, lines, errors } = await runWaiting(`
    class Echo extends Protocol { dataReceived(data) { this.transport.write(data); } }
    const port = reactor.listenTCP(0, Factory.forProtocol(Echo), { interface: "127.0.0.1" });
    const running = reactor.run();
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: port.getHost().port });
    await conn.write(new Uint8Array([1]));
    await conn.read(new Uint8Array(1));
    reactor.crash();
    await running;
    await conn.write(new Uint8Array([2]));
    const answer = new Uint8Array(1);
    await conn.read(answer);
    console.log("answer", answer[0]);
  `);
    assertEquals([code, lines.at(-1), errors], [0, "answer 2", ""]);
  });

  Deno.test(`EpollReactor lets Deno.exit() and an uncaught error end the process, with ${waiter}`, async () => {
    const exited = await runWaiting(`
    ${LISTEN}
    reactor.run();
    setTimeout(() => Deno.exit(7), 50);
  `);
    assertEquals(exited.code, 7);
    const thrown = await runWaiting(`
    ${LISTEN}
    reactor.run();
    setTimeout(() => { throw new Error("boom"); }, 50);
  `);
    assertEquals(thrown.code, 1);
    assert(thrown.errors.includes("boom"), thrown.errors);
  });

  Deno.test(`EpollReactor with ${waiter} serves Deno's timers, signals and files under a flood`, async () => {
    const { code, lines, errors } = await runWaiting(`
    class Echo extends Protocol {
      dataReceived(data) { this.transport.write(data); }
    }
    const port = reactor.listenTCP(0, Factory.forProtocol(Echo), { interface: "127.0.0.1" });
    class Flood extends Echo {
      connectionMade() { this.transport.write("x"); }
    }
    const clients = new (class extends ClientFactory { buildProtocol() { return new Flood(); } })();
    for (let i = 0; i < 8; i++) reactor.connectTCP("127.0.0.1", port.getHost().port, clients);
    reactor.addSignalHandler("SIGUSR1", () => { console.log("signal"); reactor.stop(); });
    setTimeout(async () => {
      await Deno.stat(".");
      console.log("file");
      setTimeout(() => { console.log("timer"); Deno.kill(Deno.pid, "SIGUSR1"); }, 1);
    }, 20);
    await reactor.run();
  `);
    assertEquals([code, lines, errors], [0, ["file", "timer", "signal"], ""]);
  });
}

waitTests("a thread", false);
if (WakeRing.isAvailable(libraryNames())) waitTests("io_uring", true);
else console.log("The tests with io_uring are left out: the system forbids it.");

Deno.test("EpollReactor keeps its buffers while the garbage collector runs", async () => {
  const { code, lines, errors } = await run(
    `
    let rounds = 0;
    class Echo extends Protocol {
      dataReceived(data) {
        gc();
        this.transport.write(data);
        if (++rounds === 40) reactor.stop();
      }
    }
    const port = reactor.listenTCP(0, Factory.forProtocol(Echo), { interface: "127.0.0.1" });
    class Client extends Echo {
      connectionMade() { this.transport.write(new Uint8Array(9000)); }
    }
    const clients = new (class extends ClientFactory { buildProtocol() { return new Client(); } })();
    reactor.connectTCP("127.0.0.1", port.getHost().port, clients);
    // The collector runs while a thread waits, too.
    setInterval(gc, 1);
    await reactor.run();
    console.log("rounds", rounds);
    Deno.exit();
  `,
    ["-A", "--v8-flags=--expose-gc"],
  );
  assertEquals([code, lines.length, errors], [0, 1, ""]);
});

Deno.test("EpollReactor throws UnsupportedError without --allow-ffi, and names the flag", async () => {
  const { code, errors } = await run("", ["--allow-net"]);
  assertEquals(code, 1);
  const message = "Cannot create an EpollReactor: it needs the permission --allow-ffi";
  assert(errors.includes(message), errors);
});

Deno.test("EpollReactor throws UnsupportedError for a library that does not exist", () => {
  assertThrows(
    () => new EpollReactor({ library: "libnowhere.so" }),
    UnsupportedError,
    "Cannot create an EpollReactor: the C library libnowhere.so cannot be opened",
  );
});

Deno.test("EpollReactor needs the permissions of Deno's own sockets", async () => {
  const { code, lines, errors } = await run(
    `
    const attempt = (f) => { try { f(); } catch (error) { console.log(error.message); } };
    attempt(() => reactor.listenTCP(0, factory, { interface: "127.0.0.2" }));
    attempt(() => reactor.listenUDP(0, new DatagramProtocol(), { interface: "127.0.0.2" }));
    attempt(() => reactor.listenUNIX("/tmp/no-permission", factory));
    attempt(() => reactor.listenTCP(0, factory, { interface: "localhost" }));
    const failed = Promise.withResolvers();
    class Clients extends ClientFactory {
      clientConnectionFailed(_connector, reason) { console.log(reason.message); failed.resolve(); }
    }
    reactor.connectTCP("127.0.0.2", 9, new Clients());
    const udp = reactor.listenUDP(0, new DatagramProtocol(), { interface: "127.0.0.1" });
    udp.write("x", { host: "127.0.0.2", port: 9 });
    reactor.run();
    await failed.promise;
    reactor.stop();
  `,
    ["--allow-ffi", "--allow-net=127.0.0.1"],
  );
  const net = (port: number) =>
    `Requires net access to "127.0.0.2:${port}", run again with the --allow-net flag`;
  assertEquals(code, 0, errors);
  assertEquals(lines.map((line) => line.replace(/\n.*/s, "")).slice(0, 4), [
    `Cannot listen on 127.0.0.2:0: ${net(0)}`,
    `Cannot listen on 127.0.0.2:0: ${net(0)}`,
    'Cannot listen on /tmp/no-permission: Requires read access to "/tmp/no-permission", run again with the --allow-read flag',
    'Cannot listen on localhost:0: Requires net access to "localhost:0", run again with the --allow-net flag',
  ]);
  assert(lines.some((line) => line.includes(`Cannot send to 127.0.0.2:9: ${net(9)}`)));
  assert(lines.includes(`Cannot connect to 127.0.0.2:9: ${net(9)}`));
});

Deno.test("EpollReactor needs --allow-net for UNIX sockets, as Deno's own sockets do", async () => {
  const { code, lines, errors } = await run(
    `
    const attempt = (path) => {
      try { reactor.listenUNIX(path, factory); } catch (error) { console.log(error.message); }
    };
    attempt("/tmp/no-permission");
    attempt("\\0no-permission");
    const datagrams = reactor.listenUNIXDatagram("/tmp/torsion-another", new DatagramProtocol());
    datagrams.write("x", "/tmp/no-permission");
    await datagrams.stopListening();
    const failed = Promise.withResolvers();
    class Clients extends ClientFactory {
      clientConnectionFailed(_connector, reason) { console.log(reason.message); failed.resolve(); }
    }
    reactor.connectUNIX("/tmp/no-permission", new Clients());
    reactor.run();
    await failed.promise;
    reactor.stop();
  `,
    ["--allow-ffi", "--allow-read", "--allow-write", "--allow-net=unix:/tmp/torsion-another"],
  );
  const net = (path: string) =>
    `Requires net access to "unix:${path}", run again with the --allow-net flag`;
  assertEquals(code, 0, errors);
  assertEquals(lines.filter((line) => /^(Cannot|DatagramError)/.test(line)), [
    `Cannot listen on /tmp/no-permission: ${net("/tmp/no-permission")}`,
    `Cannot listen on @no-permission: ${net("@no-permission")}`,
    "Cannot send a datagram to /tmp/no-permission",
    `DatagramError: Cannot send to /tmp/no-permission: ${net("/tmp/no-permission")}`,
    `Cannot connect to /tmp/no-permission: ${net("/tmp/no-permission")}`,
  ]);
});

Deno.test("EpollReactor does not send datagrams to an address of --deny-net", async () => {
  const { code, lines, errors } = await run(
    `
    const udp = reactor.listenUDP(0, new DatagramProtocol(), { interface: "127.0.0.1" });
    udp.write("x", { host: "127.0.0.2", port: 9 });
    reactor.callWhenRunning(() => reactor.stop());
    await reactor.run();
  `,
    ["--allow-ffi", "--allow-net", "--deny-net=127.0.0.2"],
  );
  assertEquals(code, 0, errors);
  const message = 'Cannot send to 127.0.0.2:9: Requires net access to "127.0.0.2:9"';
  assert(lines.some((line) => line.includes(message)), lines.join("\n"));
});
