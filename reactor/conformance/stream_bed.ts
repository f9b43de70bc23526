/**
 * What the tests of any kind of stream run in.
 *
 * @module
 */

import type {
  ConnectStreamOptions,
  IAddress,
  IConnector,
  IListeningPort,
  ListenStreamOptions,
} from "../interfaces.ts";
import type { LoggedErrors } from "./logged_errors.ts";
import { endingOf, type RawPeer } from "./raw_peer.ts";
import { SocketBed, type SocketTest, socketTest } from "./socket_bed.ts";
import type { StreamKind } from "./stream_kind.ts";
import { type Wire, type WireBehaviour, Wires } from "./wire.ts";

/** A port, and where it listens. */
export type PlacedPort = IListeningPort & { readonly place: IAddress };

/** A listener of Deno's own, and where it listens. */
export type PlacedListener = Deno.Listener & { readonly place: IAddress };

/** A bed for one kind of stream. */
export class StreamBed extends SocketBed {
  readonly kind: StreamKind;

  constructor(kind: StreamKind, errors: LoggedErrors) {
    super(kind.makeReactor(), errors);
    this.kind = kind;
  }

  /** A port: at a place of its own, unless one is given. */
  listen(
    factory: Wires,
    options: ListenStreamOptions = {},
    at: IAddress = this.kind.freePlace(this),
  ): PlacedPort {
    const port = this.kind.listen(this.reactor, at, factory, options);
    return Object.assign(port, { place: port.getHost() });
  }

  /** A connector to that place. */
  connect(to: IAddress, factory: Wires, options: ConnectStreamOptions = {}): IConnector {
    return this.kind.connect(this.reactor, to, factory, options);
  }

  /** A listener that this library has no part in: at a place of its own, unless one is given. */
  rawListen(at: IAddress = this.kind.freePlace(this)): PlacedListener {
    const listener = this.closeAfter(this.kind.rawListen(at));
    return Object.assign(listener, { place: this.kind.addressOf(listener.addr) });
  }

  /** A connection that this library has no part in. */
  async rawConnect(to: IAddress): Promise<RawPeer> {
    return this.raw(await this.kind.rawConnect(to));
  }

  /** How a raw connection ends, as its own side sees it: a reset may be there before its `connect` returns. */
  async rawEnding(to: IAddress): Promise<string> {
    const connecting = this.rawConnect(to);
    return await endingOf(connecting.then((peer) => peer.readAll()));
  }

  /** A connection that a raw peer opens and this side accepts, each as its own side sees it. */
  async accepted(
    behaviour: WireBehaviour | (() => Wire) = {},
    options: ListenStreamOptions = {},
  ): Promise<{ peer: RawPeer; wire: Wire }> {
    const factory = new Wires(behaviour);
    const { place } = this.listen(factory, options);
    this.run();
    const peer = await this.rawConnect(place);
    return { peer, wire: await factory.wire() };
  }

  /** A connection that this side opens and a raw peer accepts. */
  async connected(
    factory: Wires,
  ): Promise<{ connector: IConnector; peer: RawPeer; wire: Wire }> {
    const listener = this.rawListen();
    const connector = this.connect(listener.place, factory);
    this.run();
    const peer = await this.rawAccept(listener);
    return { connector, peer, wire: await factory.wire() };
  }
}

/** What makes tests of one kind of stream. */
export function streamTest(kind: StreamKind): SocketTest<StreamBed> {
  return socketTest(kind.name, (errors) => new StreamBed(kind, errors));
}
