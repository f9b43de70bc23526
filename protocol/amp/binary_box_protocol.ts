import { asError, callGuarded, logUserError } from "../../defer/guarded_call.ts";
import { isInstance } from "../../internal/foreign_value.ts";
import { checkBound } from "../../internal/validation.ts";
import { ConnectionLost } from "../../reactor/errors.ts";
import type {
  IProtocol,
  IProtocolFactory,
  ITransport,
  PeerCertificate,
  StartTLSOptions,
} from "../../reactor/interfaces/mod.ts";
import { forwardOptionalMethods } from "../../reactor/stream/forwarded_methods.ts";
import { AsyncResults } from "../async_results.ts";
import { FrameReceiver } from "../framing/frame_receiver.ts";
import type { FramingError } from "../framing/framing_error.ts";
import type { AmpBox, IBoxSender } from "./amp_box.ts";
import { ampErrorOf, BoxDecoder, type BoxDecoderOptions } from "./box_decoder.ts";
import type { IBoxReceiver } from "./box_receiver.ts";
import {
  type AmpError,
  isCausedByPeer,
  MalformedAmpBox,
  OnlyOneTLS,
  ProtocolSwitched,
  RemoteAmpError,
} from "./errors.ts";

/** Options of a {@linkcode BinaryBoxProtocol}. Twisted has no equivalent. */
export interface BinaryBoxOptions extends BoxDecoderOptions {
  /**
   * The maximum number of bytes of the boxes that wait for TLS. While the peer has not agreed to
   * `StartTLS`, it can call commands, whose answers wait.
   *
   * @default {1048576}
   */
  maxWaitingForTLS?: number | undefined;
}

/**
 * Sends and receives boxes over a connection. Twisted's `BinaryBoxProtocol`. {@linkcode AMP} is
 * one.
 *
 * Between two boxes it can start TLS, or switch to another protocol. The commands
 * {@linkcode StartTLS} and {@linkcode ProtocolSwitchCommand} do so on both sides at once.
 *
 * When the peer's bytes are not boxes, exceed a limit, or answer no call, the connection is closed.
 * The receiver of boxes is notified of the reason.
 *
 * @typeParam F The factory that builds it.
 */
export class BinaryBoxProtocol<F extends IProtocolFactory = IProtocolFactory>
  extends FrameReceiver<AmpBox, F>
  implements IBoxSender {
  /** The decoder of the boxes. */
  protected override readonly decoder: BoxDecoder;
  #boxReceiver: IBoxReceiver | null;
  #innerProtocol: IProtocol | null = null;
  /** Whether boxes are refused, because the protocol is being switched. */
  #isLocked = false;
  /** The boxes that wait for TLS; `null` unless it is about to start. */
  #waitingForTLS: Uint8Array[] | null = null;
  /** The number of bytes of these boxes. */
  #waitingBytes = 0;
  readonly #maxWaitingForTLS: number;
  /** The violation that the peer has committed. */
  #violation: Error | null = null;
  /** The reason for which the connection was lost. */
  #lost: Error | null = null;

  /**
   * Creates a protocol.
   *
   * @param boxReceiver Receives the boxes. A subclass may pass `null`, and set
   *   {@linkcode boxReceiver} before the connection is made.
   * @param options The limits of a box.
   * @throws {RangeError} when an option is out of range.
   */
  constructor(boxReceiver: IBoxReceiver | null, options: BinaryBoxOptions = {}) {
    super();
    const { maxWaitingForTLS = 1_048_576 } = options;
    checkBound("maxWaitingForTLS", maxWaitingForTLS, 0);
    this.#maxWaitingForTLS = maxWaitingForTLS;
    this.#boxReceiver = boxReceiver;
    this.decoder = new BoxDecoder(options);
  }

  /**
   * Receives the boxes.
   *
   * @throws {Error} when it is not set.
   */
  get boxReceiver(): IBoxReceiver {
    if (this.#boxReceiver === null) {
      throw new Error(`Cannot receive an AMP box: ${this.constructor.name} has no boxReceiver`);
    }
    return this.#boxReceiver;
  }

  set boxReceiver(boxReceiver: IBoxReceiver) {
    this.#boxReceiver = boxReceiver;
  }

  /** The protocol to which the connection has been switched; `null` while it is AMP. */
  get innerProtocol(): IProtocol | null {
    return this.#innerProtocol;
  }

  /** The certificate of the peer; `null` without TLS, or if the peer has none. */
  get peerCertificate(): PeerCertificate | null {
    return this.transport.getPeerCertificate();
  }

  /** Notifies the receiver of boxes, and then calls `connectionMade`. */
  override makeConnection(transport: ITransport): void {
    this.transport = transport;
    const results = new AsyncResults("Error while calling makeConnection");
    results.add(this.boxReceiver.startReceivingBoxes(this));
    results.add(super.makeConnection(transport));
    // If one of the methods is async, the result is a promise, although the interface declares
    // void. It is returned, so that the connection can watch for its rejection.
    return results.combined() as void;
  }

  /**
   * Sends a box. While TLS is about to start, the box waits for it.
   *
   * @param box The box.
   * @throws {ProtocolSwitched} when the connection has switched its protocol.
   * @throws {ConnectionLost} when the connection has been lost.
   * @throws {TooLong} when a key or value exceeds its maximum length.
   * @throws {TypeError} when the box has no keys.
   * @throws {Error} when too many bytes wait for TLS: see `maxWaitingForTLS`.
   */
  sendBox(box: AmpBox): void {
    if (this.#isLocked) {
      throw new ProtocolSwitched(
        `Cannot send an AMP box to ${this.transport.getPeer()}: the connection has switched, or ` +
          "is about to switch, to another protocol",
      );
    }
    if (this.#lost !== null) {
      throw new ConnectionLost(
        `Cannot send an AMP box to ${this.transport.getPeer()}: the connection has been lost`,
        { cause: this.#lost },
      );
    }
    if (box.size === 0) throw new TypeError("Cannot send an AMP box: it has no keys");
    const bytes = box.serialize();
    if (this.#waitingForTLS === null) this.transport.write(bytes);
    else this.#waitForTLS(this.#waitingForTLS, bytes);
  }

  /** Closes the connection when all boxes have been sent. */
  loseConnection(): void {
    this.transport.loseConnection();
  }

  /**
   * Closes the connection because of an error that nothing has handled. The error is logged, unless
   * the peer has caused it by a box that is invalid, or belongs to no command.
   *
   * @param error The error.
   */
  unhandledError(error: Error): void {
    if (isCausedByPeer(error)) this.#violation = violationOf(error);
    else logUserError(error, "Error in AMP that nothing has handled; closing the connection");
    if (this.#lost === null) this.transport.loseConnection();
  }

  /** Passes bytes to the decoder, or to the protocol to which the connection has been switched. */
  override dataReceived(data: Uint8Array): void {
    if (this.#innerProtocol === null) return super.dataReceived(data);
    return this.#innerProtocol.dataReceived(data);
  }

  /** Passes a box to the receiver. If the receiver refuses it, the connection is closed. */
  override frameReceived(box: AmpBox): void {
    try {
      return this.boxReceiver.ampBoxReceived(box);
    } catch (error) {
      if (!isCausedByPeer(error)) throw error;
      this.unhandledError(error);
    }
  }

  /** Closes the connection, because the peer's bytes are not boxes. */
  override decodingFailed(error: FramingError): void {
    this.#violation = ampErrorOf(error);
    super.decodingFailed(error);
  }

  /** Notifies the protocol to which the connection has been switched, and the receiver of boxes. */
  override connectionLost(reason: Error): void {
    this.#lost = reason;
    const results = new AsyncResults("Error while calling connectionLost");
    try {
      results.add(this.#innerProtocol?.connectionLost(reason));
    } finally {
      results.add(this.boxReceiver.stopReceivingBoxes(this.#violation ?? reason));
    }
    // As in makeConnection().
    return results.combined() as void;
  }

  /**
   * Refuses further boxes, because the last box before a switch has been sent.
   *
   * @throws {ProtocolSwitched} when boxes are refused already.
   */
  lockForSwitch(): void {
    if (this.#isLocked) throw new ProtocolSwitched("Cannot switch the protocol of AMP twice");
    this.#isLocked = true;
  }

  /**
   * Accepts boxes again, because the peer has refused the switch.
   *
   * @throws {ProtocolSwitched} when the protocol has been switched.
   */
  unlockFromSwitch(): void {
    if (this.#innerProtocol !== null) {
      throw new ProtocolSwitched("Cannot return to AMP: the protocol has been switched already");
    }
    this.#isLocked = false;
  }

  /**
   * Passes the connection to another protocol, with the bytes that have arrived and belong to no
   * box. An error of that protocol closes the connection.
   *
   * @param protocol The protocol. The caller has sent the last box.
   */
  switchTo(protocol: IProtocol): void {
    this.#isLocked = true;
    const rest = this.takeRest();
    this.#innerProtocol = protocol;
    forwardOptionalMethods(this, protocol);
    const { transport } = this;
    this.#callInner("makeConnection", () => protocol.makeConnection(transport));
    if (rest.length === 0 || !transport.connected) return;
    this.#callInner("dataReceived", () => protocol.dataReceived(rest));
  }

  /**
   * Checks that TLS can be started.
   *
   * @throws {OnlyOneTLS} when TLS has been started, or is about to start.
   */
  checkCanStartTLS(): void {
    if (this.#waitingForTLS === null && !this.transport.tlsStarted) return;
    throw new OnlyOneTLS(
      `Cannot start TLS with ${this.transport.getPeer()}: it has been started already`,
    );
  }

  /** Lets all further boxes wait until {@linkcode startTLS} is called. */
  prepareTLS(): void {
    this.checkCanStartTLS();
    this.#waitingForTLS = [];
    this.#waitingBytes = 0;
  }

  /**
   * Starts TLS, and sends the boxes that wait for it over TLS. Bytes that have arrived and belong
   * to no box are passed to the handshake, so that they are never read as if they had arrived over
   * TLS.
   *
   * @param options The options of TLS.
   * @throws {Error} when TLS cannot be started; see `transport.startTLS`.
   */
  startTLS(options: StartTLSOptions): void {
    this.transport.startTLS({ ...options, received: this.takeRest() });
    this.#sendWaiting();
  }

  /**
   * Continues without TLS, because the peer has refused it. If boxes wait for TLS, they must not be
   * sent without it, so the connection is aborted.
   *
   * @param reason The refusal.
   */
  abandonTLS(reason: Error): void {
    const isEmpty = this.#waitingForTLS?.length === 0;
    this.#waitingForTLS = null;
    if (!isEmpty) this.transport.abortConnection(reason);
  }

  #waitForTLS(waiting: Uint8Array[], bytes: Uint8Array): void {
    const [kept, more, limit] = [this.#waitingBytes, bytes.length, this.#maxWaitingForTLS];
    if (kept + more > limit) {
      throw new Error(
        `Cannot send an AMP box to ${this.transport.getPeer()}: ${kept} bytes wait for TLS, and ` +
          `${more} more would exceed the limit of ${limit} (maxWaitingForTLS)`,
      );
    }
    waiting.push(bytes);
    this.#waitingBytes += more;
  }

  #sendWaiting(): void {
    const waiting = this.#waitingForTLS ?? [];
    this.#waitingForTLS = null;
    for (const bytes of waiting) this.transport.write(bytes);
  }

  /** Calls a method of the inner protocol, which the transport does not call. */
  #callInner(method: string, f: () => unknown): void {
    callGuarded(f, (error) => {
      logUserError(error, `Error while calling ${method}`);
      this.transport.abortConnection(asError(error));
    }, method);
  }
}

/** Returns the reason for which the calls of this side fail. It must not look like an answer. */
function violationOf(error: AmpError): AmpError {
  if (!isInstance(error, RemoteAmpError)) return error;
  return new MalformedAmpBox(
    `Cannot handle a command that asks for no answer: ${error.description}`,
    { cause: error },
  );
}
