/**
 * UNIX sockets in a temporary folder, as a stream under test.
 *
 * @module
 */

import { UNIXAddress } from "../addresses.ts";
import type { IAddress, IReactor } from "../interfaces.ts";
import type { SocketBed } from "./socket_bed.ts";
import type { StreamKind } from "./stream_kind.ts";

/** A path in a folder of its own, which is removed after the test. */
export function freePath(bed: SocketBed): string {
  const folder = Deno.makeTempDirSync({ prefix: "unix-" });
  bed.after(() => Deno.removeSync(folder, { recursive: true }));
  return `${folder}/socket`;
}

/** A listener of Deno's own. Closing it removes the file. */
export function listenAt(path: string): Deno.UnixListener {
  return Deno.listen({ transport: "unix", path });
}

/** A path where a server has been that was killed: a second name of its file is left when the first is removed. */
export function stalePath(bed: SocketBed): string {
  const path = freePath(bed);
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
async function silentPlace(bed: SocketBed): Promise<UNIXAddress> {
  const path = freePath(bed);
  bed.closeAfter(listenAt(path));
  try {
    for (;;) bed.closeAfter(await connectTo(path));
  } catch (error) {
    if (!(error instanceof Deno.errors.WouldBlock)) throw error;
  }
  return new UNIXAddress(path);
}

/** A listener of Deno's own, in the place of a server that was killed if there was one. */
function rawListen(at: IAddress): Deno.UnixListener {
  const path = nameOf(at);
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return listenAt(path);
}

function nameOf(address: IAddress): string {
  return (address as UNIXAddress).name; // every address in these tests is one
}

/**
 * UNIX sockets on a reactor.
 *
 * @param name The reactor's, and that these are UNIX sockets.
 * @param makeReactor Makes a new one.
 */
export function unixKind(name: string, makeReactor: () => IReactor): StreamKind {
  return {
    name,
    listenMethod: "listenUNIX",
    connectMethod: "connectUNIX",
    makeReactor,
    freePlace: (bed) => new UNIXAddress(freePath(bed)),
    listen: (reactor, at, factory, options) => reactor.listenUNIX(nameOf(at), factory, options),
    connect: (reactor, to, factory, options) => reactor.connectUNIX(nameOf(to), factory, options),
    rawListen,
    rawConnect: (to) => connectTo(nameOf(to)),
    // An end without a path has null, whatever the type says.
    addressOf: (addr) => new UNIXAddress((addr as Deno.UnixAddr).path ?? ""),
    refusingPlace: (bed) => new UNIXAddress(stalePath(bed)),
    silentPlace,
    // A peer resets only what it has not read: `unix_test.ts` has that.
    rawConnectResetting: undefined,
    halfClose: true,
    // There is nothing to reset with; the system does so only if something came that was not read.
    abortSeenAs: /^(end|ECONNRESET)$/,
  };
}
