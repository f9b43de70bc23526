/**
 * UNIX datagram ports that record. They are real ports over a driver that sends nothing.
 *
 * @module
 */

import { UNIXAddress } from "../reactor/addresses.ts";
import { datagramLimits } from "../reactor/datagram/datagram_limits.ts";
import type { DatagramDriver, DatagramDriverSink } from "../reactor/datagram/datagram_driver.ts";
import {
  ConnectedUNIXDatagramPort,
  UNIXDatagramPort,
} from "../reactor/datagram/unix_datagram_port.ts";
import type {
  ConnectUNIXDatagramOptions,
  IConnectedDatagramProtocol,
  IDatagramProtocol,
  IUNIXAddress,
  IUNIXDatagramConnectedTransport,
  IUNIXDatagramTransport,
  ListenUNIXDatagramOptions,
} from "../reactor/interfaces/mod.ts";
import { MicrotaskQueue } from "../reactor/lifecycle/microtask_queue.ts";
import { stillContext } from "./still_context.ts";

/** A datagram that a protocol has written to a UNIX datagram port, and its destination. */
export type WrittenUNIXDatagram = [datagram: Uint8Array, addr: IUNIXAddress];

/**
 * The record of a call of `listenUNIXDatagram`.
 *
 * @experimental The reactor's method requires `--unstable-net` on Deno. The record does not.
 */
export interface RecordedUNIXDatagramPort {
  /** The path that was passed in. */
  readonly path: string;
  /** The protocol that was passed in. */
  readonly protocol: IDatagramProtocol<IUNIXDatagramTransport, IUNIXAddress>;
  /** The options that were passed in. */
  readonly options: ListenUNIXDatagramOptions;
  /** The port that was returned. */
  readonly transport: IUNIXDatagramTransport;
  /** The datagrams that were written. */
  readonly written: readonly WrittenUNIXDatagram[];
}

/**
 * The record of a call of `connectUNIXDatagram`.
 *
 * @experimental The reactor's method requires `--unstable-net` on Deno. The record does not.
 */
export interface RecordedUNIXDatagramClient {
  /** The path that was passed in. */
  readonly path: string;
  /** The protocol that was passed in. */
  readonly protocol: IConnectedDatagramProtocol;
  /** The options that were passed in. */
  readonly options: ConnectUNIXDatagramOptions;
  /** The port that was returned. */
  readonly transport: IUNIXDatagramConnectedTransport;
  /** The datagrams that were written. */
  readonly written: readonly WrittenUNIXDatagram[];
}

/** Opens a port that records. */
export function recordUNIXDatagramPort(
  path: string,
  protocol: IDatagramProtocol<IUNIXDatagramTransport, IUNIXAddress>,
  options: ListenUNIXDatagramOptions,
): RecordedUNIXDatagramPort {
  const written: WrittenUNIXDatagram[] = [];
  const transport = new UNIXDatagramPort(
    stillContext(new MicrotaskQueue()),
    protocol,
    datagramLimits(options),
    () => new RecordingUNIXDriver(path, written),
  );
  transport.startListening();
  return { path, protocol, options, transport, written };
}

/** Opens a connected port that records. */
export function recordUNIXDatagramClient(
  path: string,
  protocol: IConnectedDatagramProtocol,
  options: ConnectUNIXDatagramOptions,
): RecordedUNIXDatagramClient {
  const written: WrittenUNIXDatagram[] = [];
  const transport = new ConnectedUNIXDatagramPort(
    stillContext(new MicrotaskQueue()),
    protocol,
    datagramLimits(options),
    new UNIXAddress(path),
    () => new RecordingUNIXDriver(options.bindAddress ?? "", written),
  );
  transport.startListening();
  return { path, protocol, options, transport, written };
}

/** A socket that stores the datagrams that it should send. */
class RecordingUNIXDriver implements DatagramDriver<IUNIXAddress> {
  readonly address: IUNIXAddress;
  readonly #written: WrittenUNIXDatagram[];
  #sink: DatagramDriverSink<IUNIXAddress> | null = null;

  constructor(path: string, written: WrittenUNIXDatagram[]) {
    this.address = new UNIXAddress(path);
    this.#written = written;
  }

  attach(sink: DatagramDriverSink<IUNIXAddress>): void {
    this.#sink = sink;
  }

  startReceiving(): void {}

  send(datagram: Uint8Array, to: IUNIXAddress): void {
    this.#written.push([datagram.slice(), to]);
    this.#sink?.sent(null);
  }

  close(): void {
    queueMicrotask(() => this.#sink?.released());
  }

  unref(): void {}
}
