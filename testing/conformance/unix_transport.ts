/**
 * UNIX sockets in a temporary folder, as a stream under test.
 *
 * @module
 */

import { UNIXAddress } from "../../reactor/addresses.ts";
import type { Address, IReactor } from "../../reactor/interfaces/mod.ts";
import type { TestCleanup } from "./stream_transport.ts";
import type { StreamTransport } from "./stream_transport.ts";

/** A path in a folder of its own, which is removed after the test. */
export function freePath(fixture: TestCleanup): string {
  const folder = Deno.makeTempDirSync({ prefix: "unix-" });
  fixture.after(() => Deno.removeSync(folder, { recursive: true }));
  return `${folder}/socket`;
}

/** A listener of Deno's own. Closing it removes the file. */
export function listenAt(path: string): Deno.UnixListener {
  return Deno.listen({ transport: "unix", path });
}

/** A path where a server has been that was killed: a second name of its file is left when the first is removed. */
export function stalePath(fixture: TestCleanup): string {
  const path = freePath(fixture);
  const listener = listenAt(`${path}.first`);
  Deno.linkSync(`${path}.first`, path);
  listener.close();
  return path;
}

/** A connection of Deno's own. */
export function connectTo(path: string): Promise<Deno.UnixConn> {
  return Deno.connect({ transport: "unix", path });
}

/** A server whose queue of connections to accept is full. */
async function silentPlace(fixture: TestCleanup): Promise<UNIXAddress> {
  const path = freePath(fixture);
  fixture.closeAfter(listenAt(path));
  try {
    for (;;) fixture.closeAfter(await connectTo(path));
  } catch (error) {
    if (!(error instanceof Deno.errors.WouldBlock)) throw error;
  }
  return new UNIXAddress(path);
}

/** A listener of Deno's own, in the place of a server that was killed if there was one. */
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
  return (address as UNIXAddress).name; // every address in these tests is one
}

/**
 * UNIX sockets on a reactor.
 *
 * @param name The reactor's, and that these are UNIX sockets.
 * @param makeReactor Makes a new one.
 */
export function unixTransport(name: string, makeReactor: () => IReactor): StreamTransport {
  return {
    name,
    listenMethod: "listenUNIX",
    connectMethod: "connectUNIX",
    makeReactor,
    freePlace: (fixture) => new UNIXAddress(freePath(fixture)),
    listen: (reactor, at, factory, options) => reactor.listenUNIX(nameOf(at), factory, options),
    connect: (reactor, to, factory, options) => reactor.connectUNIX(nameOf(to), factory, options),
    rawListen,
    rawConnect: (to) => connectTo(nameOf(to)),
    // An end without a path has null, whatever the type says.
    addressOf: (addr) => new UNIXAddress((addr as Deno.UnixAddr).path ?? ""),
    refusingPlace: (fixture) => new UNIXAddress(stalePath(fixture)),
    silentPlace,
    // A peer resets only what it has not read: `unix_test.ts` has that.
    rawConnectResetting: undefined,
    halfClose: true,
    // There is nothing to reset with; the system does so only if something came that was not read.
    abortSeenAs: /^(end|ECONNRESET)$/,
  };
}
