/**
 * UNIX sockets in a temporary folder, as a transport under test.
 *
 * @module
 */

import { UNIXAddress } from "../../reactor/addresses.ts";
import type { Address, IReactor } from "../../reactor/interfaces/mod.ts";
import type { TestCleanup } from "./stream_transport.ts";
import type { StreamTransport } from "./stream_transport.ts";

/** Returns a path in a new folder, which is removed after the test. */
export function freePath(fixture: TestCleanup): string {
  const folder = Deno.makeTempDirSync({ prefix: "unix-" });
  fixture.after(() => Deno.removeSync(folder, { recursive: true }));
  return `${folder}/socket`;
}

/** Listens on a path with Deno's own socket. Closing the listener removes the file. */
export function listenAt(path: string): Deno.UnixListener {
  return Deno.listen({ transport: "unix", path });
}

/**
 * Returns the path of a server that was killed: a second link to its file stays when the first is
 * removed.
 */
export function stalePath(fixture: TestCleanup): string {
  const path = freePath(fixture);
  const listener = listenAt(`${path}.first`);
  Deno.linkSync(`${path}.first`, path);
  listener.close();
  return path;
}

/** Connects Deno's own socket to a path. */
export function connectTo(path: string): Promise<Deno.UnixConn> {
  return Deno.connect({ transport: "unix", path });
}

/** Returns the address of a server whose accept queue is full. */
async function silentAddress(fixture: TestCleanup): Promise<UNIXAddress> {
  const path = freePath(fixture);
  fixture.closeAfter(listenAt(path));
  try {
    for (;;) fixture.closeAfter(await connectTo(path));
  } catch (error) {
    if (!(error instanceof Deno.errors.WouldBlock)) throw error;
  }
  return new UNIXAddress(path);
}

/** Listens on an address with Deno's own socket. The file of a killed server is replaced. */
function rawListen(at: Address): Deno.UnixListener {
  const path = nameOf(at);
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return listenAt(path);
}

function nameOf(address: Address): string {
  return (address as UNIXAddress).name; // every address in these tests is a UNIXAddress
}

/**
 * Returns UNIX sockets on a reactor, as a transport under test.
 *
 * @param name The name of the reactor, with a note that these are UNIX sockets.
 * @param makeReactor Makes a new reactor.
 */
export function unixTransport(name: string, makeReactor: () => IReactor): StreamTransport {
  return {
    name,
    listenMethod: "listenUNIX",
    connectMethod: "connectUNIX",
    makeReactor,
    freeAddress: (fixture) => new UNIXAddress(freePath(fixture)),
    listen: (reactor, at, factory, options) => reactor.listenUNIX(nameOf(at), factory, options),
    connect: (reactor, to, factory, options) => reactor.connectUNIX(nameOf(to), factory, options),
    rawListen,
    rawConnect: (to) => connectTo(nameOf(to)),
    // A socket without a path has `null` here, although the type is `string`.
    addressOf: (addr) => new UNIXAddress((addr as Deno.UnixAddr).path ?? ""),
    refusingAddress: (fixture) => new UNIXAddress(stalePath(fixture)),
    silentAddress,
    // A peer resets only if unread data is pending: `unix_test.ts` covers that.
    rawConnectResetting: undefined,
    halfClose: true,
    // There is no call that resets a connection. The system resets it only if unread data is
    // pending.
    abortSeenAs: /^(end|ECONNRESET)$/,
  };
}
