/**
 * Operations of a program whose file descriptors have run out.
 *
 * @module
 */

import { fail } from "../../defer/mod.ts";
import { clientFromString } from "../../endpoints/mod.ts";
import { addObserver, err } from "../../log/mod.ts";
import { ClientFactory, DatagramProtocol, Factory, Protocol } from "../../protocol/mod.ts";
import { ProcessProtocol } from "../../protocol/process_protocol.ts";
import type { DenoReactor } from "../deno/reactor.ts";
import type { IListeningPort } from "../interfaces.ts";
import { deferToThread } from "../threads/defer_to_thread.ts";
import { workerModule } from "../threads/worker_task.ts";
import { testCertificates } from "./certificates.ts";
import { portOf } from "./tcp_bed.ts";

/** The file descriptors of the program. */
export interface Table {
  /** Takes all free descriptors except `leave`. */
  fill(leave?: number): void;
  /** Closes the descriptors that {@linkcode fill} took. */
  free(): void;
}

/** The surroundings of an operation. */
export interface Place {
  readonly reactor: DenoReactor;
  /** An empty folder. */
  readonly folder: string;
  readonly table: Table;
}

/** Performs the operation; throws or rejects when it fails. Called once without and once with free descriptors. */
export type Attempt = () => unknown;

/** Prepares an operation while descriptors are free. */
export type Operation = (place: Place) => Attempt | Promise<Attempt>;

const loopback = "127.0.0.1";
const tasks = workerModule<typeof import("./tasks.ts")>(new URL("./tasks.ts", import.meta.url));

/** A client factory with a promise for its attempt. */
class Attempted extends ClientFactory {
  readonly #done = Promise.withResolvers<void>();
  readonly done: Promise<void> = this.#done.promise;

  override buildProtocol(): Protocol {
    this.#done.resolve();
    return new Leaving();
  }

  override clientConnectionFailed(_: unknown, reason: Error): void {
    this.#done.reject(reason);
  }
}

class Leaving extends Protocol {
  override connectionMade(): void {
    this.transport.loseConnection();
  }
}

/** Makes a factory of protocols that only disconnect. */
const server = (): Factory => Factory.forProtocol(Leaving);

/** A child process with a promise for its end. */
class Child extends ProcessProtocol {
  readonly #done = Promise.withResolvers<void>();
  readonly done: Promise<void> = this.#done.promise;

  override processEnded(): void {
    this.#done.resolve();
  }
}

/** Waits until a message that matches is logged. */
function logged(message: RegExp): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const observing = addObserver((event) => {
    if (message.test(event.message)) resolve();
  });
  return promise.finally(() => observing[Symbol.dispose]());
}

/** A port that a client can connect to. */
interface Reachable {
  /** Connects and sends nothing. */
  connect(): Promise<Disposable>;
  /** Connects so that the server builds a protocol. */
  visit?(): Promise<Disposable>;
}

/** Connects with the last descriptor, so that none is left to accept the connection, and waits until the port has logged that. */
function accepting(
  listen: (place: Place, factory: Factory) => Reachable | Promise<Reachable>,
): Operation {
  return async (place) => {
    const accepted = Promise.withResolvers<void>();
    const factory = server();
    factory.buildProtocol = () => {
      accepted.resolve();
      return new Leaving();
    };
    const { connect, visit = connect } = await listen(place, factory);
    let isFull = true;
    return async () => {
      if (!isFull) {
        using _ = await visit();
        return accepted.promise;
      }
      isFull = false;
      place.table.free();
      place.table.fill(1);
      const told = logged(/ accept /);
      using _ = await connect();
      place.table.fill();
      await told;
    };
  };
}

function reachable(port: IListeningPort): Reachable {
  const to = { hostname: loopback, port: portOf(port.getHost()) };
  return { connect: () => Deno.connect(to) };
}

/** Listens, and closes the port again. */
function listening(listen: (place: Place) => { stopListening(): unknown } | null): Operation {
  return (place) => () => listen(place)?.stopListening();
}

/** Listens on a port to connect to. */
function target({ reactor }: Place): number {
  return portOf(reactor.listenTCP(0, server(), { interface: loopback }).getHost());
}

function connecting(
  connect: (place: Place, port: number, factory: ClientFactory) => void,
): Operation {
  return (place) => {
    const port = target(place);
    return () => {
      const factory = new Attempted();
      connect(place, port, factory);
      return factory.done;
    };
  };
}

/** All operations by name. */
export const operations: Readonly<Record<string, Operation>> = {
  "accept over TCP": accepting(({ reactor }, factory) =>
    reachable(reactor.listenTCP(0, factory, { interface: loopback }))
  ),
  "accept over node:net": accepting(({ reactor }, factory) =>
    reachable(reactor.listenTCP(0, factory, { interface: loopback, keepAlive: 60 }))
  ),
  "accept over UNIX": accepting(({ reactor, folder }, factory) => {
    const path = `${folder}/socket`;
    reactor.listenUNIX(path, factory);
    return { connect: () => Deno.connect({ transport: "unix", path }) };
  }),
  "accept over TLS": accepting(async ({ reactor }, factory) => {
    const { authority, server } = await testCertificates();
    const port = reactor.listenTLS(0, factory, { interface: loopback, ...server });
    return {
      ...reachable(port),
      visit: async () => {
        const to = { hostname: "localhost", port: portOf(port.getHost()) };
        const conn = await Deno.connectTls({ ...to, caCerts: [authority.cert] });
        await conn.handshake();
        return conn;
      },
    };
  }),
  "connect to an address": connecting(({ reactor }, port, factory) => {
    reactor.connectTCP(loopback, port, factory);
  }),
  "connect to an address over node:net": connecting(({ reactor }, port, factory) => {
    reactor.connectTCP(loopback, port, factory, { keepAlive: 60 });
  }),
  "connect to a name": connecting(({ reactor }, port, factory) => {
    reactor.connectTCP("localhost", port, factory);
  }),
  "connect to a name over node:net": connecting(({ reactor }, port, factory) => {
    reactor.connectTCP("localhost", port, factory, { keepAlive: 60 });
  }),
  "connect to an endpoint": (place) => {
    const endpoint = clientFromString(place.reactor, `tcp:localhost:${target(place)}`);
    return () => endpoint.connect(Factory.forProtocol(Leaving));
  },
  "connect over UNIX": ({ reactor, folder }) => {
    const path = `${folder}/socket`;
    reactor.listenUNIX(path, server());
    return () => {
      const factory = new Attempted();
      reactor.connectUNIX(path, factory);
      return factory.done;
    };
  },
  "resolve a name": ({ reactor }) => () =>
    reactor.nameResolver.resolveHostName("localhost", {
      family: "IPv4",
      port: 0,
      signal: new AbortController().signal,
    }),
  "listen over TCP": listening(({ reactor }) => reactor.listenTCP(0, server())),
  "listen over node:net": listening(({ reactor }) =>
    reactor.listenTCP(0, server(), { keepAlive: 60 })
  ),
  "listen over UNIX": listening(({ reactor, folder }) =>
    reactor.listenUNIX(`${folder}/socket`, server())
  ),
  "listen over UNIX with a lock": listening(({ reactor, folder }) =>
    reactor.listenUNIX(`${folder}/socket`, server(), { wantPID: true })
  ),
  "listen over UDP": listening(({ reactor }) => reactor.listenUDP(0, new DatagramProtocol())),
  "listen over UNIX datagrams": listening(({ reactor, folder }) =>
    reactor.listenUNIXDatagram(`${folder}/socket`, new DatagramProtocol())
  ),
  "spawn a process": ({ reactor }) => () => {
    const child = new Child();
    reactor.spawnProcess(child, "true");
    return child.done;
  },
  "start a thread": ({ reactor }) => () => deferToThread(reactor, tasks.task("add"), 1, 2),
  "handle a signal": ({ reactor }) => () => {
    const handler = () => {};
    reactor.addSignalHandler("SIGUSR2", handler);
    reactor.removeSignalHandler("SIGUSR2", handler);
  },
  "throw in a timed call": ({ reactor }) => async () => {
    reactor.callLater(0, () => {
      throw new Error("thrown in a timed call");
    });
    await new Promise<void>((resolve) => void reactor.callLater(0, () => resolve()));
  },
  "fail a Deferred": () => () => fail(new Error("a Deferred has failed")).addErrback(err),
};
