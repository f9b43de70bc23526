// The table of permissions in deploying.md: a program for each feature runs with exactly the flags
// of its row.

import { createSocket } from "node:dgram";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { TestAuthority } from "../testing/fixtures/certificates.ts";
import { tableRows } from "../testing/fixtures/markdown.ts";
import { Program } from "../testing/fixtures/program.ts";

const rows = tableRows(
  Deno.readTextFileSync(new URL("deploying.md", import.meta.url)),
  "Permissions",
);

const library = new URL("../", import.meta.url);
const TASKS = import.meta.resolve("../testing/fixtures/thread_tasks.ts");

/** The flags in a cell. */
const flagsIn = (cell: string): string[] => /`([^`]*)`/.exec(cell)?.[1]?.split(" ") ?? [];

/** The values in a feature's program. */
interface Setting {
  /** The port of the peer; 0 without a peer. */
  port: number;
  /** A path in a temporary folder. */
  path: string;
}

/** A program for one feature. It prints `done` at its end. */
interface Feature {
  readonly source: (setting: Setting) => string;
  /** The kind of peer that the program connects to or sends to. */
  readonly peer?: "tcp" | "udp";
  /** Variables in the environment of the program. */
  readonly environment?: (setting: Setting) => Record<string, string>;
  /** The content of the file at the path, before the program starts. */
  readonly file?: () => Promise<string>;
}

const BEGINNING = `
  import {
    connectProtocol, DatagramProtocol, deferToThread, DenoReactor, Factory, HostnameEndpoint, log,
    ProcessProtocol, Protocol, serverFromString, TCP4ClientEndpoint, UNIXClientEndpoint,
  } from ${JSON.stringify(import.meta.resolve("../mod.ts"))};
  import { ListenFDs } from ${JSON.stringify(import.meta.resolve("../endpoints/mod.ts"))};
  const reactor = new DenoReactor();
  const running = reactor.run();
  const factory = Factory.forProtocol(Protocol);
  const done = () => { console.log("done"); reactor.stop(); };
`;

/** The features, by the first cell of their row. */
const FEATURES: Record<string, Feature> = {
  "timers, events, signals, Deferreds, the log on standard output": {
    source: () =>
      `log.startLogging(Deno.stdout); reactor.addSignalHandler("SIGHUP", () => {});
      reactor.callLater(0, done);`,
  },
  "`listenTCP`, `listenTLS`, their endpoints": {
    source: ({ port }) =>
      `reactor.listenTCP(${port}, factory, { interface: "127.0.0.1" }); done();`,
  },
  "`connectTCP`, `connectTLS`, their endpoints": {
    peer: "tcp",
    source: ({ port }) =>
      `await connectProtocol(new TCP4ClientEndpoint(reactor, "localhost", ${port}), new Protocol()); done();`,
  },
  "`bindAddress`": {
    peer: "tcp",
    source: ({ port }) =>
      `const from = { bindAddress: "127.0.0.1" };
      await connectProtocol(new TCP4ClientEndpoint(reactor, "127.0.0.1", ${port}, from), new Protocol()); done();`,
  },
  "`HostnameEndpoint`, `tls:` with a host name": {
    peer: "tcp",
    source: ({ port }) =>
      `await connectProtocol(new HostnameEndpoint(reactor, "localhost", ${port}), new Protocol()); done();`,
  },
  "`ssl:` with its key and certificate in files": {
    file: async () => {
      const { cert, key } = await (await TestAuthority.make()).issue();
      return cert + "\n" + key;
    },
    source: ({ port, path }) =>
      `const files = "privateKey=${path}:certKey=${path}";
      await serverFromString(reactor, "ssl:${port}:interface=127.0.0.1:" + files).listen(factory); done();`,
  },
  "`listenUNIX`, `connectUNIX`, `unix:`": {
    source: ({ path }) =>
      `reactor.listenUNIX("${path}", factory);
      await connectProtocol(new UNIXClientEndpoint(reactor, "${path}"), new Protocol()); done();`,
  },
  "`listenUNIX` with `wantPID`": {
    source: ({ path }) => `reactor.listenUNIX("${path}", factory, { wantPID: true }); done();`,
  },
  "`listenUDP`, `listenMulticast`, and each destination": {
    peer: "udp",
    source: ({ port }) =>
      `const udp = reactor.listenUDP(0, new class extends DatagramProtocol {
        datagramReceived() { done(); }
      }(), { interface: "127.0.0.1" });
      udp.write("x", { host: "127.0.0.1", port: ${port} });`,
  },
  "`listenUNIXDatagram`, `connectUNIXDatagram`": {
    source: ({ path }) => `reactor.listenUNIXDatagram("${path}", new DatagramProtocol()); done();`,
  },
  "`spawnProcess`, `ProcessEndpoint`, `getProcessOutput`": {
    source: () =>
      `reactor.spawnProcess(new class extends ProcessProtocol {
        processEnded() { done(); }
      }(), "/bin/sh", { args: ["-c", "exit 0"] });`,
  },
  "`StandardIOEndpoint`, `stdio:`": {
    source: () =>
      `await serverFromString(reactor, "stdio:").listen(Factory.forProtocol(class extends Protocol {
        connectionMade() { this.transport.write("done\\n"); this.transport.loseConnection(); }
        connectionLost() { reactor.stop(); }
      }));`,
  },
  "`systemd:`, `ListenFDs.fromEnvironment(Deno.env.get, …)`": {
    environment: () => ({ LISTEN_PID: "1", LISTEN_FDS: "1", LISTEN_FDNAMES: "web" }),
    source: () => `ListenFDs.fromEnvironment((name) => Deno.env.get(name), Deno.pid); done();`,
  },
  "`deferToThread`, `callInThread`": {
    source: () =>
      `await deferToThread(reactor, { module: ${
        JSON.stringify(TASKS)
      }, export: "add" }, 1, 2); done();`,
  },
  "`EpollReactor`, which then needs the flags of the other rows": {
    source: () =>
      `const { EpollReactor } = await import(${
        JSON.stringify(import.meta.resolve("../reactor/drivers/epoll/mod.ts"))
      });
      new EpollReactor(); done();`,
  },
  "a log in a file that the program opens": {
    source: ({ path }) =>
      `using file = Deno.openSync("${path}", { write: true, create: true });
      log.startLogging(file); log.msg("hello"); done();`,
  },
};

Deno.test("deploying.md has one tested program for each row of its permissions table", () => {
  assertEquals(rows.map(([feature]) => feature), Object.keys(FEATURES));
});

/** Starts a peer: a TCP port that never accepts, or a UDP port that answers. */
async function startPeer(
  kind: "tcp" | "udp" | undefined,
): Promise<AsyncDisposable & { readonly port: number }> {
  if (kind === undefined) return { port: 0, [Symbol.asyncDispose]: () => Promise.resolve() };
  if (kind === "tcp") {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const close = () => Promise.resolve(listener.close());
    return { port: listener.addr.port, [Symbol.asyncDispose]: close };
  }
  const socket = createSocket(
    "udp4",
    (message, { address, port }) => socket.send(message, port, address),
  );
  await new Promise<void>((bound) => socket.bind(0, "127.0.0.1", bound));
  const close = () => new Promise<void>((closed) => socket.close(closed));
  return { port: socket.address().port, [Symbol.asyncDispose]: close };
}

/**
 * Runs a feature's program.
 *
 * @param program The program.
 * @param flags Its permissions.
 * @returns Whether it reached its end, and its output and errors.
 */
async function run(program: Feature, flags: string[]): Promise<[done: boolean, said: string]> {
  const folder = await Deno.makeTempDir();
  try {
    await using peer = await startPeer(program.peer);
    const setting: Setting = { port: peer.port, path: `${folder}/here` };
    if (program.file) await Deno.writeTextFile(setting.path, await program.file());
    const source = `${BEGINNING}\n${program.source(setting)}\nawait running;`;
    await using started = new Program([
      ...["run", "--quiet", "--no-prompt"],
      ...flags.map((flag) =>
        flag.replaceAll(":2000", `:${setting.port}`)
          .replaceAll(/\/run\/chat\/socket|server\.(pem|log)/g, setting.path)
          .replace("../torsion,tasks.ts", `${library.pathname},${new URL(TASKS).pathname}`)
      ),
      `data:text/javascript,${encodeURIComponent(source)}`,
    ], { environment: program.environment?.(setting) ?? {} });
    const { code, lines, errors } = await started.end();
    return [code === 0 && lines.includes("done"), [...lines, errors].join("\n")];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const [feature = "", cell = ""] of rows) {
  const program = FEATURES[feature];
  const flags = flagsIn(cell);

  Deno.test(`${feature} needs only ${flags.join(" ") || "no flag"}`, async () => {
    assert(program !== undefined, "no program for this row");
    const [done, said] = await run(program, flags);
    assert(done, said);
  });

  for (const flag of flags) {
    Deno.test(`${feature} fails without ${flag}, and the error names it`, async () => {
      assert(program !== undefined, "no program for this row");
      const [done, said] = await run(program, flags.filter((other) => other !== flag));
      assert(!done, said);
      assertStringIncludes(said, flag.split("=")[0] ?? flag);
    });
  }
}
