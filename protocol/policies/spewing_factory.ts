import { checkBound } from "../../internal/validation.ts";
import * as log from "../../log/mod.ts";
import type { ITypedProtocolFactory } from "../../reactor/interfaces/endpoint.ts";
import type { IProtocol, WriteOptions } from "../../reactor/interfaces/mod.ts";
import { checkData } from "../../reactor/stream/written_data.ts";
import { bytesText } from "./bytes_text.ts";
import { ProtocolWrapper } from "./protocol_wrapper.ts";
import { WrappingFactory } from "./wrapping_factory.ts";

/** Options of a {@linkcode SpewingFactory}. */
export interface SpewingFactoryOptions {
  /**
   * The number of bytes of one chunk that are logged.
   *
   * @default {10000}
   */
  lengthLimit?: number | undefined;
}

/**
 * A connection of a {@linkcode SpewingFactory}. Twisted's `SpewingProtocol`, which does not log
 * `writeSequence`.
 *
 * @typeParam P The wrapped protocol.
 */
export class SpewingProtocol<P extends IProtocol = IProtocol>
  extends ProtocolWrapper<P, SpewingFactory<P>> {
  /** Logs the data, and passes it on. */
  override dataReceived(data: Uint8Array): void {
    log.msg(`Received: ${bytesText(data, this.factory.lengthLimit)}`);
    return super.dataReceived(data);
  }

  /** Logs the data, and writes it. */
  override write(data: Uint8Array | string, options?: WriteOptions): void {
    checkData("write", data);
    this.#logSent(data);
    super.write(data, options);
  }

  /** Logs each piece, and writes them all. */
  override writeSequence(data: Iterable<Uint8Array | string>): void {
    const pieces = [...data];
    for (const piece of pieces) checkData("writeSequence", piece);
    for (const piece of pieces) this.#logSent(piece);
    super.writeSequence(pieces);
  }

  #logSent(data: Uint8Array | string): void {
    log.msg(`Sending: ${bytesText(data, this.factory.lengthLimit)}`);
  }
}

/**
 * Logs everything that is sent and received, to find an error in a protocol. Twisted's
 * `SpewingFactory`.
 *
 * @typeParam P The protocols that the wrapped factory builds.
 *
 * @example
 * ```ts
 * import { Factory, Protocol, SpewingFactory } from "@torsion/reactor/protocol";
 *
 * const factory = new SpewingFactory(Factory.forProtocol(Protocol));
 * // [EchoFactory,0,127.0.0.1] Received: "hello\r\n"
 * ```
 */
export class SpewingFactory<P extends IProtocol = IProtocol>
  extends WrappingFactory<P, SpewingProtocol<P>> {
  /** The number of bytes of one chunk that are logged. */
  readonly lengthLimit: number;

  /**
   * Wraps a factory.
   *
   * @param wrappedFactory The factory that builds the wrapped protocols.
   * @param options The limit.
   * @throws {RangeError | TypeError} when the limit is out of range.
   */
  constructor(wrappedFactory: ITypedProtocolFactory<P>, options: SpewingFactoryOptions = {}) {
    super(wrappedFactory);
    const { lengthLimit = 10_000 } = options;
    checkBound("lengthLimit", lengthLimit, 0);
    this.lengthLimit = lengthLimit;
  }

  /** Makes the {@linkcode SpewingProtocol} of a protocol. */
  override wrapProtocol(protocol: P): SpewingProtocol<P> {
    return new SpewingProtocol(this, protocol);
  }
}
